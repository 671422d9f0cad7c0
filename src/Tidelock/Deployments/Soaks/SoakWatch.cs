using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Watching;

namespace Tidelock.Deployments.Soaks;

/// <summary>
/// The criteria of the watch in one look. Each is fine as soon as three values of its signals are; where they are not, the look goes on until
/// the criterion's own window says what it is, by the same rules as in the watch, and against the same baseline.
/// </summary>
internal sealed class SoakWatch(StepContext context, Ground ground, ProbeFactory probes)
{
    private readonly WatchOptions options = BoundChanges.Live(
        context.Change.Section<WatchOptions>().With(context.State.Delays),
        context.State.Bounds
    );

    public async Task<SoakSeen> SeeAsync(CancellationToken cancellation)
    {
        if (options.Healthy.Count + options.RollBackWhen.Count == 0)
        {
            return SoakSeen.Fine;
        }

        await using var ticks = new WatchTicks(context, ground, probes);
        var from = context.Time.GetUtcNow();
        var (glance, whole) = (Record(Glance(options), from), Record(options, from));
        var signals = new Dictionary<string, double>(StringComparer.Ordinal);
        while (true)
        {
            var next = Task.Delay(options.Every, context.Time, cancellation);
            var samples = await ticks.ReadAsync(cancellation).ConfigureAwait(false);
            glance.Add(samples);
            whole.Add(samples);
            foreach (var sample in samples.Where(s => s.Value is not null))
            {
                signals[sample.Signal] = sample.Value!.Value;
            }

            var now = context.Time.GetUtcNow();
            if (Found(Verdicts(glance, now), Verdicts(whole, now), now - from > Longest) is { } found)
            {
                return found with { Signals = signals };
            }

            await next.ConfigureAwait(false);
        }
    }

    /// <summary>By then every window is full, and data that come late have come.</summary>
    private TimeSpan Longest =>
        (1.5 * options.RollBackWhen.Concat(options.Healthy).Max(c => WatchRules.Window(c, options)))
        + options.Grace
        + options.Signals.Max(s => options.PaceOf(s).Delay);

    /// <summary>What is known of each criterion; null while one of them is still open.</summary>
    private static SoakSeen? Found(IReadOnlyList<Verdict> glance, IReadOnlyList<Verdict> whole, bool isOver)
    {
        var breached = whole.Where(v => v.State is VerdictState.Breached).Select(v => v.Reason).ToList();
        var open = whole
            .Where((v, i) => v.State is not VerdictState.Healthy && glance[i].State is not VerdictState.Healthy)
            .ToList();
        return breached.Count > 0 ? SoakSeen.Broken(breached)
            : open.Count == 0 ? SoakSeen.Fine
            : isOver ? SoakSeen.Fine with { Unseen = [.. open.Select(v => v.Reason)] }
            : null;
    }

    private WatchRecord Record(WatchOptions judged, DateTimeOffset from) =>
        new(judged, context.State.BaselineTicks.SelectMany(t => t.Samples), from);

    private static IReadOnlyList<Verdict> Verdicts(WatchRecord record, DateTimeOffset now) =>
        WatchJudge.Judge(record.At(now), TimeSpan.Zero).Verdicts;

    /// <summary>The same criteria over the shortest windows there are.</summary>
    private static WatchOptions Glance(WatchOptions options) =>
        options with
        {
            For = TimeSpan.Zero,
            Healthy = [.. options.Healthy.Select(Shortest)],
            RollBackWhen = [.. options.RollBackWhen.Select(Shortest)],
        };

    private static Criterion Shortest(Criterion criterion) => new(criterion.Text, criterion.Condition, null);
}
