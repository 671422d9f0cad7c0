using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// Reads every signal of a watch once: the probes in each tick, downstream queries and the contract beside them at their own pace, so that
/// a slow query never holds up a tick.
/// </summary>
internal sealed class WatchTicks : IAsyncDisposable
{
    /// <summary>The most values a source is asked for at once.</summary>
    private const int MostSteps = 10_000;

    private readonly TimeProvider time;
    private readonly WatchOptions options;
    private readonly IReadOnlyList<IProbe> probes;
    private readonly CancellationTokenSource ending = new();
    private readonly SlowSignals slow;
    private DateTimeOffset slowAt = DateTimeOffset.MinValue;
    private Task<IReadOnlyList<Sample>>? reading;

    public WatchTicks(StepContext context, Ground ground, ProbeFactory factory)
    {
        time = context.Time;
        options = context.Change.Section<WatchOptions>();
        slow = new SlowSignals(context, ground);
        probes = factory
            .By(context.Time)
            .Create(options.Probes, context.Target, context.ApplicationName, options.Every);
    }

    /// <summary>One sample per signal; what cannot be read comes as no data or an error, never as a value.</summary>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        [
            .. await FastAsync(_ => true, cancellation).ConfigureAwait(false),
            .. await SlowAsync(cancellation).ConfigureAwait(false),
        ];

    /// <summary>The same, of the probes that have one of these signals, and of nothing else.</summary>
    public Task<IReadOnlyList<Sample>> ReadAsync(IReadOnlySet<string> signals, CancellationToken cancellation) =>
        FastAsync(p => p.Signals.Any(signals.Contains), cancellation);

    /// <summary>
    /// What sources that keep the past know of the time from <paramref name="from"/> to now. A source whose data come late is asked for as
    /// much longer. Of a very long time only the end is asked for.
    /// </summary>
    public async Task<IReadOnlyList<Sample>> ReadPastAsync(DateTimeOffset from, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var most = options.Every * MostSteps;
        var reading = probes
            .OfType<IRangeProbe>()
            .Select(p =>
            {
                var start = from - p.Signals.Max(DelayOf);
                return p.ReadRangeAsync(start > now - most ? start : now - most, now, options.Every, cancellation);
            })
            .ToList();
        return [.. (await Task.WhenAll(reading).ConfigureAwait(false)).SelectMany(s => s)];
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        if (reading is not null)
        {
            await ((Task)reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ending.Dispose();
        foreach (var probe in probes)
        {
            await probe.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>A thirtieth of the watch, at least one tick and at most a minute.</summary>
    private TimeSpan Pace =>
        TimeSpan.FromTicks(
            Math.Clamp(
                options.For.Ticks / 30,
                options.Every.Ticks,
                Math.Max(options.Every.Ticks, TimeSpan.TicksPerMinute)
            )
        );

    private TimeSpan DelayOf(string signal) => options.PaceOf(signal).Delay;

    private async Task<IReadOnlyList<Sample>> FastAsync(Func<IProbe, bool> which, CancellationToken cancellation)
    {
        var reading = probes.Where(which).Select(p => p.ReadAsync(cancellation)).ToList();
        return [.. (await Task.WhenAll(reading).ConfigureAwait(false)).SelectMany(s => s)];
    }

    /// <summary>What slow reading found, once: it begins when it is time and none is under way, and the tick waits for it only a little.</summary>
    private async Task<IReadOnlyList<Sample>> SlowAsync(CancellationToken cancellation)
    {
        if (reading is null && time.GetUtcNow() - slowAt >= Pace)
        {
            slowAt = time.GetUtcNow();
            reading = Task.Run(() => slow.ReadAsync(ending.Token), CancellationToken.None);
        }

        if (reading is null)
        {
            return [];
        }

        await ((Task)reading)
            .WaitAsync(options.Every / 2, time, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (!reading.IsCompleted)
        {
            return [];
        }

        var found = await reading.ConfigureAwait(false);
        reading = null;
        return found;
    }
}
