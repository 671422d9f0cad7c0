using System.Diagnostics;

namespace Tidelock.Tests.Programs;

/// <summary>A script that is run as a program right after it was written.</summary>
internal static class Script
{
    /// <summary>
    /// Another process writes it: a child that this one begins at the same moment would for an instant have it open for writing, too, and Linux runs no
    /// such file ("Text file busy").
    /// </summary>
    public static void Write(string file, string text)
    {
        var source = file + ".text";
        File.WriteAllText(source, text);
        using var install = Process.Start("install", ["-m", "755", source, file]);
        install.WaitForExit();
        Assert.Equal(0, install.ExitCode);
        File.Delete(source);
    }
}
