using System.Diagnostics;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>Waits for what must come true, and fails when it does not.</summary>
internal static class Polling
{
    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var deadline = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(deadline.Elapsed < TimeSpan.FromMinutes(2), "It did not come true within 2 minutes.");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Kills (SIGKILL) the processes of a program that have a text in their arguments; returns how many.</summary>
    public static int Kill(string program, string argument)
    {
        var found = Process
            .GetProcesses()
            .Where(p =>
                p.ProcessName.StartsWith(program, StringComparison.Ordinal)
                && Arguments(p.Id).Contains(argument, StringComparison.Ordinal)
            )
            .ToList();
        found.ForEach(p => p.Kill());
        return found.Count;
    }

    private static string Arguments(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
