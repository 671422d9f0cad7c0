using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// Reads every signal of a watch once: the probes in each tick, downstream queries and the contract beside them at their own pace, so that
/// a slow query never holds up a tick.
/// </summary>
internal sealed class WatchTicks : IAsyncDisposable
{
    private readonly TimeProvider time;
    private readonly WatchOptions options;
    private readonly IReadOnlyList<IProbe> probes;
    private readonly IReadOnlyList<IRangeProbe> dated;
    private readonly IReadOnlyList<SourcePast> pasts;
    private readonly IReadOnlyList<SlowSignal> slow;

    public WatchTicks(StepContext context, Ground ground, ProbeFactory factory)
    {
        time = context.Time;
        options = context.Change.Section<WatchOptions>().With(context.State.Delays);
        slow = new SlowSignals(context, ground).Every(options.Pace);
        probes = factory
            .By(context.Time)
            .Create(options.Probes, context.Target, context.ApplicationName, options.Every);
        dated = [.. probes.OfType<IRangeProbe>()];
        pasts = [.. dated.Select(p => new SourcePast(p, options, context.State, time))];
    }

    /// <summary>One sample per signal; what cannot be read comes as no data or an error, never as a value.</summary>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var fast = await FastAsync(_ => true, cancellation).ConfigureAwait(false);
        var looks = slow.Select(s => s.TakeAsync(options.Every / 2, cancellation));
        return [.. fast, .. (await Task.WhenAll(looks).ConfigureAwait(false)).SelectMany(s => s)];
    }

    /// <summary>The same, of the probes that have one of these signals, and of nothing else.</summary>
    public Task<IReadOnlyList<Sample>> ReadAsync(IReadOnlySet<string> signals, CancellationToken cancellation) =>
        FastAsync(p => p.Signals.Any(signals.Contains), cancellation);

    /// <summary>How old the newest values are of sources that know their times.</summary>
    public async Task<IReadOnlyList<Sample>> ReadAgesAsync(CancellationToken cancellation)
    {
        var reading = dated.Select(p => p.ReadAgesAsync(cancellation)).ToList();
        return [.. (await Task.WhenAll(reading).ConfigureAwait(false)).SelectMany(s => s)];
    }

    /// <summary>What sources that keep the past know of a time.</summary>
    public async Task<IReadOnlyList<Sample>> ReadPastAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        var reading = pasts.Select(p => p.ReadAsync(from, to, cancellation)).ToList();
        return [.. (await Task.WhenAll(reading).ConfigureAwait(false)).SelectMany(s => s)];
    }

    /// <summary>
    /// What such sources can still tell of a time from which nothing is known, now that they answer: after a restart, a sleep of the
    /// machine, a stop of the process, or an outage on the way to them.
    /// </summary>
    /// <param name="tick">What was just read.</param>
    /// <param name="report">Told when something is asked for.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<IReadOnlyList<Sample>> FillAsync(
        IReadOnlyList<Sample> tick,
        Action<Message> report,
        CancellationToken cancellation
    )
    {
        var filling = pasts.Select(p => p.BeforeAsync(tick, cancellation)).ToList();
        if (pasts.Max(p => p.Asked) is { } gap)
        {
            report(Message.Of("steps.watch.gap", ("for", gap)));
        }

        return [.. (await Task.WhenAll(filling).ConfigureAwait(false)).SelectMany(s => s)];
    }

    public async ValueTask DisposeAsync()
    {
        var ending = slow.Select(s => s.DisposeAsync().AsTask()).Concat(probes.Select(p => p.DisposeAsync().AsTask()));
        await Task.WhenAll(ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<IReadOnlyList<Sample>> FastAsync(Func<IProbe, bool> which, CancellationToken cancellation)
    {
        var reading = probes.Where(which).Select(p => p.ReadAsync(cancellation)).ToList();
        return [.. (await Task.WhenAll(reading).ConfigureAwait(false)).SelectMany(s => s)];
    }
}
