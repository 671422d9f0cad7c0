using System.Runtime.CompilerServices;

namespace Tidelock.Tests.Evidence;

/// <summary>Approved files stand beside the tests. <c>TIDELOCK_APPROVE=1</c> writes them anew: read the difference before committing it.</summary>
internal static class Approved
{
    public static void Matches(string name, string text, [CallerFilePath] string caller = "")
    {
        var file = Path.Combine(Path.GetDirectoryName(caller)!, "approved", name);
        if (Environment.GetEnvironmentVariable("TIDELOCK_APPROVE") == "1")
        {
            File.WriteAllText(file, text);
        }

        Assert.True(File.Exists(file), $"There is no approved file {file}.");
        Assert.Equal(File.ReadAllText(file), text);
    }
}
