using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>
/// What a source that keeps the past can still tell of a time of which nothing came from it: because nobody looked, or because it was out
/// of reach. It is asked as soon as it answers again; where it cannot tell then, once more a while later.
/// </summary>
/// <param name="probe">The source.</param>
/// <param name="options">The watch.</param>
/// <param name="state">The run when the program began to watch: from when on each signal is missing.</param>
/// <param name="time">The run's clock.</param>
internal sealed class SourcePast(IRangeProbe probe, WatchOptions options, RunState state, TimeProvider time)
{
    /// <summary>The most values a source is asked for at once.</summary>
    private const int MostSteps = 10_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, DateTimeOffset> known = probe.Signals.ToDictionary(
        s => s,
        s => SeenUntil(s, state, options.PaceOf(s).Every),
        StringComparer.Ordinal
    );
    private readonly Dictionary<string, SortedSet<DateTimeOffset>> seen = probe.Signals.ToDictionary(
        s => s,
        s => new SortedSet<DateTimeOffset>(Journaled(s, state)),
        StringComparer.Ordinal
    );
    private Task<IReadOnlyList<Sample>>? reading;
    private HashSet<string> missing = [];
    private DateTimeOffset from;
    private DateTimeOffset until;
    private DateTimeOffset notBefore = DateTimeOffset.MinValue;

    /// <summary>How long a time it is being asked about; null while it is not.</summary>
    public TimeSpan? Asked => reading is null ? null : until - from;

    /// <summary>What the source told of the time before a tick's values; none while nothing is missing. A tick's length is waited for it.</summary>
    public async Task<IReadOnlyList<Sample>> BeforeAsync(IReadOnlyList<Sample> tick, CancellationToken cancellation)
    {
        var fresh = Fresh(tick);
        foreach (var sample in fresh)
        {
            seen[sample.Signal].Add(sample.At);
        }

        if (reading is null && !Begin(fresh, cancellation))
        {
            return [];
        }

        await ((Task)reading!)
            .WaitAsync(options.Every, time, cancellation)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
        if (!reading!.IsCompleted)
        {
            return [];
        }

        var told = await reading.ConfigureAwait(false);
        reading = null;
        return Keep([.. told.Where(s => missing.Contains(s.Signal))]);
    }

    /// <summary>What the source knows of a time; where its data come late, from as much earlier on.</summary>
    public Task<IReadOnlyList<Sample>> ReadAsync(
        DateTimeOffset since,
        DateTimeOffset to,
        CancellationToken cancellation
    ) => RangeAsync(since - probe.Signals.Max(s => options.PaceOf(s).Delay), to, cancellation);

    /// <summary>Of a very long time only its end.</summary>
    private Task<IReadOnlyList<Sample>> RangeAsync(
        DateTimeOffset since,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        var most = options.Every * MostSteps;
        return probe.ReadRangeAsync(since > to - most ? since : to - most, to, options.Every, cancellation);
    }

    private List<Sample> Fresh(IReadOnlyList<Sample> tick) =>
        [.. tick.Where(s => s.Outcome is SampleOutcome.Value && known.ContainsKey(s.Signal))];

    /// <summary>Whether there is a hole before these values that the source may be asked about now.</summary>
    private bool Begin(List<Sample> fresh, CancellationToken cancellation)
    {
        var holes = fresh.Where(s => s.At - known[s.Signal] > options.PaceOf(s.Signal).Every * 2).ToList();
        foreach (var sample in fresh.Except(holes))
        {
            known[sample.Signal] = sample.At > known[sample.Signal] ? sample.At : known[sample.Signal];
        }

        if (holes.Count == 0 || time.GetUtcNow() < notBefore)
        {
            return false;
        }

        missing = holes.Select(s => s.Signal).ToHashSet(StringComparer.Ordinal);
        (from, until) = (missing.Min(s => known[s]), holes.Max(s => s.At));
        reading = RangeAsync(from, until, cancellation);
        return true;
    }

    /// <summary>What it told is known from here on; what it could not tell is asked for again.</summary>
    private List<Sample> Keep(List<Sample> told)
    {
        foreach (var signal in missing)
        {
            if (told.Exists(s => s.Outcome is SampleOutcome.Error && Is(s, signal)))
            {
                notBefore = time.GetUtcNow() + Pause;
            }
            else
            {
                known[signal] = until;
            }
        }

        return [.. told.Where(s => s.Outcome is not SampleOutcome.Value || !IsSeen(s))];
    }

    /// <summary>Whether a value of that time is in the journal: read again it would count twice.</summary>
    private bool IsSeen(Sample sample)
    {
        var near = (options.Every / 2) - TimeSpan.FromTicks(1);
        return seen[sample.Signal].GetViewBetween(sample.At - near, sample.At + near).Count > 0;
    }

    /// <summary>Up to when no value is missing in the journal since the change was made.</summary>
    private static DateTimeOffset SeenUntil(string signal, RunState state, TimeSpan apart)
    {
        var until = state.AppliedAt ?? state.Step("watch").StartedAt ?? DateTimeOffset.MaxValue;
        foreach (var at in Journaled(signal, state).Where(at => at > until).Order())
        {
            if (at - until > apart * 2)
            {
                break;
            }

            until = at;
        }

        return until;
    }

    /// <summary>The times of its values since the change was made.</summary>
    private static IEnumerable<DateTimeOffset> Journaled(string signal, RunState state) =>
        state
            .Ticks.SelectMany(t => t.Samples)
            .Where(s => s.Outcome is SampleOutcome.Value && Is(s, signal))
            .Select(s => s.At);

    private static bool Is(Sample sample, string signal) =>
        string.Equals(sample.Signal, signal, StringComparison.Ordinal);
}
