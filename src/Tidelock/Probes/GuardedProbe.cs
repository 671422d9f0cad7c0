using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>
/// Keeps a probe within its part of the tick, and turns whatever goes wrong into errors of all its signals. One that does not even end
/// when it is told to is left behind, and not asked again before it has ended.
/// </summary>
internal class GuardedProbe(IProbe probe, ProbeContext context) : IProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(10);

    private Task<IReadOnlyList<Sample>> reading = Task.FromResult<IReadOnlyList<Sample>>([]);

    public IReadOnlyList<string> Signals => probe.Signals;

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        WithAll(await GuardAsync(probe.ReadAsync, context.Timeout, context.Time.GetUtcNow, cancellation));

    public async ValueTask DisposeAsync()
    {
        await ((Task)reading)
            .WaitAsync(LastPatience, TimeProvider.System)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await probe.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What is read within a limit; else an error of every signal that stands for <paramref name="at"/>.</summary>
    protected async Task<IReadOnlyList<Sample>> GuardAsync(
        Func<CancellationToken, Task<IReadOnlyList<Sample>>> read,
        TimeSpan limit,
        Func<DateTimeOffset> at,
        CancellationToken cancellation
    )
    {
        var tooLate = Message.Of("probes.too-late", ("timeout", limit));
        if (!reading.IsCompleted)
        {
            return Failed(tooLate, at());
        }

        using var deadline = new CancellationTokenSource(limit, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            reading = StartAsync(read, either.Token);
            var samples = await reading.WaitAsync(limit + Patience, context.Time, default).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return samples;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return Failed(deadline.IsCancellationRequested ? tooLate : ProbeFailure.Of(e), at());
        }
    }

    /// <summary>What a probe throws before it awaits anything is its failure too.</summary>
    private static async Task<IReadOnlyList<Sample>> StartAsync(
        Func<CancellationToken, Task<IReadOnlyList<Sample>>> read,
        CancellationToken cancellation
    ) => await read(cancellation).ConfigureAwait(false);

    /// <summary>A signal that a probe forgot is unknown, and not left out.</summary>
    private IReadOnlyList<Sample> WithAll(IReadOnlyList<Sample> samples) =>
        [
            .. samples,
            .. Signals
                .Where(signal => !samples.Any(s => string.Equals(s.Signal, signal, StringComparison.Ordinal)))
                .Select(signal => Sample.Error(signal, context.Time.GetUtcNow(), Message.Of("probes.left-out"))),
        ];

    private IReadOnlyList<Sample> Failed(Message what, DateTimeOffset at) =>
        [.. Signals.Select(s => Sample.Error(s, at, what))];
}
