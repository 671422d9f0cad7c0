using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Tidelock.Crash.Tests;

/// <summary>The test host as a process: started, signalled, waited for, and ended with the test.</summary>
internal sealed class HostProgram : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly Task reading;

    private HostProgram(Process process)
    {
        this.process = process;
        reading = ReadAsync();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public static HostProgram Start(IReadOnlyDictionary<string, string> variables, params string[] arguments)
    {
        var start = Program();
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return new HostProgram(Process.Start(start)!);
    }

    /// <summary>The native host that <c>./test</c> has built, or else the one of its own project, with all it needs beside it, which takes longer to start.</summary>
    private static ProcessStartInfo Program() =>
        Environment.GetEnvironmentVariable("TIDELOCK_CRASH_HOST") is { Length: > 0 } native
            ? new ProcessStartInfo(native) { RedirectStandardOutput = true }
            : new ProcessStartInfo("dotnet", [Path.Combine(Built, "Tidelock.Crash.Host.dll")])
            {
                RedirectStandardOutput = true,
            };

    private static string Built =>
        AppContext.BaseDirectory.Replace("Tidelock.Crash.Tests", "Tidelock.Crash.Host", StringComparison.Ordinal);

    /// <summary>The exit code (137 for SIGKILL) and what was printed.</summary>
    public async Task<(int Code, string Output)> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await process.WaitForExitAsync(limit.Token);
        await reading.WaitAsync(limit.Token);
        return (process.ExitCode, Output);
    }

    /// <summary>Waits until it has said something.</summary>
    public async Task SaidAsync(string words)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var isOver = reading.IsCompleted;
            if (Output.Contains(words, StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(!isOver && TimeProvider.System.GetElapsedTime(since) < Limit, $"not said: {words}\n{Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Waits for something that happens while it runs.</summary>
    public async Task MeetsAsync(Task happening)
    {
        using var limit = new CancellationTokenSource(Limit);
        await Task.WhenAny(happening, process.WaitForExitAsync(limit.Token));
        Assert.True(happening.IsCompletedSuccessfully, "it never came there: " + Output);
    }

    /// <summary>SIGKILL, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP, and waits until none of its threads runs any more.</summary>
    public async Task StopAsync()
    {
        await SignalAsync("STOP");
        var since = TimeProvider.System.GetTimestamp();
        while (!IsStopped())
        {
            Assert.True(!HasExited && TimeProvider.System.GetElapsedTime(since) < Limit, "it does not stop");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    /// <summary>SIGCONT.</summary>
    public Task ContinueAsync() => SignalAsync("CONT");

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private bool IsStopped()
    {
        try
        {
            return Directory
                .GetDirectories(FormattableString.Invariant($"/proc/{process.Id}/task"))
                .Select(thread => File.ReadAllText(Path.Combine(thread, "stat")))
                .All(stat => stat[stat.LastIndexOf(')')..].StartsWith(") T", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            // A thread has ended meanwhile, so not all of them stood still.
            return false;
        }
    }

    public string Output
    {
        get
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    private async Task ReadAsync()
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (output)
            {
                output.AppendLine(line);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }
}
