using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>
/// One thing that is read of a probe, again and again, within a limit: what goes wrong becomes errors of all its signals. A reading that does
/// not even end when it is told to is left behind, and the next is not begun before it has ended.
/// </summary>
internal sealed class GuardedReading(IReadOnlyList<string> signals, TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(10);

    private Task<IReadOnlyList<Sample>> reading = Task.FromResult<IReadOnlyList<Sample>>([]);

    /// <summary>What is read; else an error of every signal that stands for <paramref name="at"/>.</summary>
    public async Task<IReadOnlyList<Sample>> RunAsync(
        Func<CancellationToken, Task<IReadOnlyList<Sample>>> read,
        Func<DateTimeOffset> at,
        CancellationToken cancellation
    )
    {
        var tooLate = Message.Of("probes.too-late", ("timeout", limit));
        if (!reading.IsCompleted)
        {
            return Failed(tooLate, at());
        }

        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            reading = StartAsync(read, either.Token);
            var samples = await reading.WaitAsync(limit + Patience, time, default).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return samples;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return Failed(deadline.IsCancellationRequested ? tooLate : ProbeFailure.Of(e), at());
        }
    }

    /// <summary>Waits for a reading that was left behind, but not for ever.</summary>
    public async Task EndAsync() =>
        await ((Task)reading)
            .WaitAsync(LastPatience, TimeProvider.System)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>What a probe throws before it awaits anything is its failure too.</summary>
    private static async Task<IReadOnlyList<Sample>> StartAsync(
        Func<CancellationToken, Task<IReadOnlyList<Sample>>> read,
        CancellationToken cancellation
    ) => await read(cancellation).ConfigureAwait(false);

    private IReadOnlyList<Sample> Failed(Message what, DateTimeOffset at) =>
        [.. signals.Select(s => Sample.Error(s, at, what))];
}
