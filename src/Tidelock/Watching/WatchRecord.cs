using Tidelock.Probes;

namespace Tidelock.Watching;

/// <summary>
/// What a watch has seen so far, in as little memory as judging it takes: add the samples of each tick, and judge at any time. The
/// order of what is added does not matter, so adding a whole journal gives what adding tick by tick gave. Not for several threads.
/// </summary>
public sealed class WatchRecord
{
    private readonly Dictionary<string, Timeline> timelines = new(StringComparer.Ordinal);
    private readonly Dictionary<(Condition, TimeSpan), BreachHistory> histories = [];
    private readonly Dictionary<string, Baseline> baselines;
    private readonly DateTimeOffset seenFrom;

    /// <param name="options">What is watched, and by which rules.</param>
    /// <param name="baseline">The samples from before the migration.</param>
    /// <param name="startedAt">When the watch began; a restart does not change it.</param>
    /// <param name="appliedAt">When the change was made, where sources can tell of the time since then; else as if with the watch.</param>
    public WatchRecord(
        WatchOptions options,
        IEnumerable<Sample> baseline,
        DateTimeOffset startedAt,
        DateTimeOffset? appliedAt = null
    )
    {
        (Options, StartedAt, seenFrom) = (options, startedAt, appliedAt < startedAt ? appliedAt.Value : startedAt);
        baselines = baseline
            .GroupBy(s => s.Signal, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => Baseline.Of(g, options.PaceOf(g.Key)), StringComparer.Ordinal);
    }

    public WatchOptions Options { get; }

    public DateTimeOffset StartedAt { get; }

    /// <summary>The latest time any sample stands for.</summary>
    internal DateTimeOffset Newest { get; private set; }

    /// <summary>Adds samples: those of a tick, of a journal, or of the source's own past.</summary>
    public void Add(IEnumerable<Sample> samples)
    {
        foreach (var sample in samples)
        {
            Newest = sample.At > Newest ? sample.At : Newest;
            Of(sample.Signal).Add(sample);
        }
    }

    /// <summary>What there is to judge at a time. Samples that stand for a later one are not looked at.</summary>
    public WatchEvidence At(DateTimeOffset now) => new(this, now);

    internal Baseline BaselineOf(string signal) => baselines.GetValueOrDefault(signal) ?? Baseline.None;

    internal Timeline Of(string signal)
    {
        if (!timelines.TryGetValue(signal, out var timeline))
        {
            timelines[signal] = timeline = new Timeline(Options.PaceOf(signal), seenFrom, StartedAt);
        }

        return timeline;
    }

    internal BreachHistory HistoryOf(SignalCondition condition, TimeSpan window, Func<BreachRule> rule)
    {
        if (!histories.TryGetValue((condition, window), out var history))
        {
            histories[(condition, window)] = history = new BreachHistory(Of(condition.Signal), rule());
        }

        return history;
    }
}
