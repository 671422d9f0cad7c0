using System.Globalization;

namespace Tidelock.Programs;

/// <summary>
/// A child program that was started, as it can be journaled and found again by a later process: a pid alone may belong to
/// somebody else by then.
/// </summary>
/// <param name="ProcessId">The pid; also the id of its session and group.</param>
/// <param name="Started">Boot and clock tick of its start, from <c>/proc</c>; empty when it had ended before it could be read.</param>
public sealed record StartedChild(int ProcessId, string Started)
{
    internal static StartedChild Of(int processId) => new(processId, ReadStart(processId) ?? "");

    /// <summary>Whether this very process still runs. A zombie has ended.</summary>
    public bool IsRunning =>
        Started.Length > 0 && string.Equals(ReadStart(ProcessId), Started, StringComparison.Ordinal);

    /// <summary>
    /// Ends it and its group: interrupts, and kills what is left after the grace. Returns whether it was still running. May be
    /// called again, also for a process that is long gone or was another program's child.
    /// </summary>
    /// <exception cref="TidelockException"><c>programs.unkillable</c> when even SIGKILL did not end it in ten seconds.</exception>
    public async Task<bool> EndAsync(TimeSpan grace, TimeProvider time, CancellationToken cancellation)
    {
        if (!IsRunning)
        {
            return false;
        }

        Signal(Signals.Interrupt);
        if (!await EndedWithinAsync(grace, time, cancellation).ConfigureAwait(false))
        {
            Signal(Signals.Kill);
            if (!await EndedWithinAsync(TimeSpan.FromSeconds(10), time, cancellation).ConfigureAwait(false))
            {
                throw new TidelockException(
                    Texts.Message.Of("programs.unkillable", ("pid", ProcessId)),
                    ExitCode.NeedsPerson
                );
            }
        }

        return true;
    }

    internal void Signal(int signal)
    {
        if (IsRunning)
        {
            Signals.Send(LeadsItsGroup ? -ProcessId : ProcessId, signal);
        }
    }

    private bool LeadsItsGroup =>
        Fields(ProcessId) is { } f
        && string.Equals(f[2], ProcessId.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    private async Task<bool> EndedWithinAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        var since = time.GetTimestamp();
        while (IsRunning)
        {
            if (time.GetElapsedTime(since) >= limit)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation).ConfigureAwait(false);
        }

        return true;
    }

    private static string? ReadStart(int processId) =>
        Fields(processId) is { } f && f[0] is not ("Z" or "X")
            ? $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}/{f[19]}"
            : null;

    /// <summary>The fields after the command's name, which may itself contain spaces and parentheses.</summary>
    private static string[]? Fields(int processId)
    {
        try
        {
            var stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/stat"));
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }
    }
}
