using System.Collections.Immutable;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>A signal before the migration, frozen there: what <c>2x baseline</c> stands on.</summary>
/// <param name="Signal">Which.</param>
/// <param name="Count">Values it was made from.</param>
/// <param name="Mean">Their mean, in the signal's unit.</param>
/// <param name="Spread">Their standard deviation.</param>
/// <param name="FromSource">Whether the source's own past was enough; else it was measured live as well.</param>
public sealed record SignalBaseline(string Signal, int Count, double Mean, double Spread, bool FromSource)
{
    /// <summary>The fact that holds all of them.</summary>
    public const string Fact = "signals";

    /// <summary>
    /// Asks sources that keep the past for the last minutes, and measures every other signal, and one whose past has holes, as long live.
    /// Goes on where a crash cut it off. Comes back with what was seen just now.
    /// </summary>
    internal static async Task<IReadOnlyList<Sample>> MeasureAsync(
        StepContext context,
        Ground ground,
        ProbeFactory probes,
        CancellationToken cancellation
    )
    {
        var options = context.Change.Section<WatchOptions>();
        if (options.Probes.Count == 0)
        {
            return [];
        }

        if (Fresh(context).Count == 0)
        {
            await using var asDeclared = new WatchTicks(context, ground, probes);
            await SourceDelays.MeasureAsync(context, asDeclared, options, cancellation).ConfigureAwait(false);
        }

        if (SourceDelays.Unkept(context) is not null)
        {
            return [];
        }

        options = options.With(context.State.Delays);
        await using var ticks = new WatchTicks(context, ground, probes);
        // One more: the first look at a rate has no value.
        var wanted = (int)Math.Ceiling(options.BaselineFor / options.Every) + 1;
        if (Fresh(context).Count == 0)
        {
            var quiet = Quiet(context.State, context.Time.GetUtcNow());
            var past = await ticks
                .ReadPastAsync(quiet - options.BaselineFor, quiet, cancellation)
                .ConfigureAwait(false);
            if (past.Any(s => s.Outcome is SampleOutcome.Value))
            {
                await context.AppendAsync(new WatchTicked(true, past, []), cancellation).ConfigureAwait(false);
            }
        }

        var known = Whole(options, Fresh(context).Where(IsPast));
        var others = options
            .Probes.Select(p => p.Signal)
            .Except(known, StringComparer.Ordinal)
            .ToHashSet(StringComparer.Ordinal);
        var next = Task.CompletedTask;
        while (others.Count > 0 && Fresh(context).Count(t => !IsPast(t)) is var live && live < wanted)
        {
            await next.ConfigureAwait(false);
            context.Report(Message.Of("steps.baseline.measuring", ("tick", live + 1), ("ticks", wanted)));
            next = Task.Delay(options.Every, context.Time, cancellation);
            var samples = await ticks.ReadAsync(others, cancellation).ConfigureAwait(false);
            await context.AppendAsync(new WatchTicked(true, samples, []), cancellation).ConfigureAwait(false);
        }

        await FreezeAsync(context, options, known, cancellation).ConfigureAwait(false);
        return await LatelyAsync(context, options, ticks, known, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// What was measured; of a source whose past ends before the backup, what it tells of the last minutes, unless they are the backup's.
    /// </summary>
    private static async Task<IReadOnlyList<Sample>> LatelyAsync(
        StepContext context,
        WatchOptions options,
        WatchTicks ticks,
        HashSet<string> known,
        CancellationToken cancellation
    )
    {
        var now = context.Time.GetUtcNow();
        var samples = context.State.BaselineTicks.SelectMany(t => t.Samples).ToList();
        var old = known
            .Where(signal =>
                samples.Where(s => string.Equals(s.Signal, signal, StringComparison.Ordinal)).Max(s => s.At)
                < now - options.BaselineFor - options.PaceOf(signal).Delay
            )
            .ToHashSet(StringComparer.Ordinal);
        if (old.Count == 0 || now - context.State.Step("backup").EndedAt < options.BaselineFor)
        {
            return samples;
        }

        var since = await ticks.ReadPastAsync(now - options.BaselineFor, now, cancellation).ConfigureAwait(false);
        return [.. samples.Where(s => !old.Contains(s.Signal)), .. since.Where(s => old.Contains(s.Signal))];
    }

    /// <summary>The end of the time before this run put a load on the server: a backup is one, where it is not long ago.</summary>
    private static DateTimeOffset Quiet(RunState state, DateTimeOffset now) =>
        state.Step("backup").StartedAt is { } backup && now - backup < WatchRules.BaselineLasts ? backup : now;

    /// <summary>
    /// Why the change must not be made: a signal that is judged could not be seen, or not often enough to be compared with. A service
    /// that nobody uses at the time is no reason: there is nothing to see, and nothing wrong with who looks.
    /// </summary>
    internal static Message? Blind(StepContext context)
    {
        var options = context.Change.Section<WatchOptions>();
        var samples = context
            .State.BaselineTicks.SelectMany(t => t.Samples)
            .ToLookup(s => s.Signal, StringComparer.Ordinal);
        var compared = options
            .RollBackWhen.Concat(options.Healthy)
            .SelectMany(c => c.BaselineSignals)
            .ToHashSet(StringComparer.Ordinal);
        var blind = options
            .Signals.Except(BuiltInSignals.All, StringComparer.Ordinal)
            .Where(s => IsBlind([.. samples[s]], compared.Contains(s)))
            .ToList();
        return blind.Count == 0
            ? null
            : Message.Of(
                "steps.baseline.blind",
                ("signals", string.Join(", ", blind)),
                ("detail", Reason([.. samples[blind[0]]]))
            );
    }

    private static bool IsBlind(IReadOnlyList<Sample> samples, bool isCompared)
    {
        var values = samples.Count(s => s.Outcome is SampleOutcome.Value);
        return isCompared ? values < WatchRules.MinimumSamples : values == 0 && !samples.Any(s => s.IsQuiet);
    }

    private static Message Reason(IReadOnlyList<Sample> samples) =>
        samples.Any(s => s.Outcome is SampleOutcome.Value)
            ? Message.Of("steps.baseline.few")
            : samples.LastOrDefault(s => s.Detail is not null)?.Detail ?? Message.Of("steps.baseline.few");

    /// <summary>What was measured already: before a crash, but not hours before.</summary>
    private static ImmutableList<WatchTicked> Fresh(StepContext context) =>
        context.State.BaselineTicks is [.., var last] ticks
        && context.Time.GetUtcNow() - last.At <= WatchRules.BaselineLasts
            ? ticks
            : [];

    /// <summary>Whether a source told this of its past: a live tick has one sample of a signal.</summary>
    private static bool IsPast(WatchTicked tick) =>
        tick.Samples.GroupBy(s => s.Signal, StringComparer.Ordinal).Any(g => g.Skip(1).Any());

    /// <summary>Signals of whose time enough was seen.</summary>
    private static HashSet<string> Whole(WatchOptions options, IEnumerable<WatchTicked> past) =>
        past.SelectMany(t => t.Samples)
            .Where(s => s.Outcome is SampleOutcome.Value)
            .GroupBy(s => s.Signal, StringComparer.Ordinal)
            .Where(g => g.Count() >= Needed(options, g.Key))
            .Select(g => g.Key)
            .ToHashSet(StringComparer.Ordinal);

    private static double Needed(WatchOptions options, string signal) =>
        Math.Max(WatchRules.MinimumSamples, options.BaselineFor / options.PaceOf(signal).Every * WatchRules.Coverage);

    private static Task FreezeAsync(
        StepContext context,
        WatchOptions options,
        HashSet<string> known,
        CancellationToken cancellation
    )
    {
        var record = new WatchRecord(
            options,
            context.State.BaselineTicks.SelectMany(t => t.Samples),
            context.State.StartedAt
        );
        IReadOnlyList<SignalBaseline> all =
        [
            .. options.Probes.Select(p =>
            {
                var (count, mean, spread) = record.BaselineOf(p.Signal);
                return new SignalBaseline(p.Signal, count, mean, spread, known.Contains(p.Signal));
            }),
        ];
        return context.RecordAsync(Fact, all, StepsJson.Default.IReadOnlyListSignalBaseline, cancellation);
    }
}
