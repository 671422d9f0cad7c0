using System.Diagnostics;
using System.Globalization;

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
        var killed = 0;
        foreach (var folder in Directory.GetDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
        {
            var arguments = Arguments(folder);
            if (
                !Path.GetFileName(arguments.Split('\0')[0]).StartsWith(program, StringComparison.Ordinal)
                || !arguments.Contains(argument, StringComparison.Ordinal)
            )
            {
                continue;
            }

            try
            {
                using var process = Process.GetProcessById(
                    int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)
                );
                process.Kill();
                killed++;
            }
            catch (ArgumentException)
            {
                // It has ended meanwhile.
            }
        }

        return killed;
    }

    /// <summary>Empty of one that is gone.</summary>
    private static string Arguments(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
