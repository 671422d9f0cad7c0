using System.Text.Json.Serialization;
using Tidelock.Backups;
using Tidelock.Contracts;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>
/// A run for a reader: reviewer, auditor, the engineer of the next night. Made from the journal's entries alone; its JSON is a
/// public contract. Entries that this version does not know, or cannot read, are listed and do not stop it.
/// </summary>
/// <param name="Run">The run's id.</param>
/// <param name="MadeAt">When the report was made; what is late in an unfinished run is counted to here.</param>
/// <param name="Header">What was to be done, where, by whom; null where the first event cannot be read.</param>
/// <param name="Outcome">How it ended or stands.</param>
/// <param name="Timeline">T-30 to T+60.</param>
/// <param name="Forecasts">What was foreseen, beside what happened; none while neither is known.</param>
/// <param name="Gates">In the order in which they were evaluated.</param>
/// <param name="Steps">In the order in which they began, those of every rollback after those of the deployment.</param>
/// <param name="Candidate">How a view's new definition did before anything was changed; null where that was not tried.</param>
/// <param name="Rehearsed">The rehearsal on the backup's data; null where there was none.</param>
/// <param name="Changes">What became another, beside what was planned to; none before that was verified.</param>
/// <param name="Blockers">Sessions in the way that were acted against.</param>
/// <param name="Contents">Old content against new, before the change and after it; none where that is not declared.</param>
/// <param name="AtStake">What a restore of the backup would have lost, as it was last told while the run went on; null for nothing.</param>
/// <param name="Watch">The signals and criteria; null where nothing was watched.</param>
/// <param name="Decisions">What was decided and commanded, in order.</param>
/// <param name="Notices">How people were told, by channel.</param>
/// <param name="Epochs">The programs that had the run.</param>
/// <param name="Unread">Entries that could not be understood.</param>
/// <param name="Chain">What the hash chain proves.</param>
public sealed record RunReport(
    string Run,
    DateTimeOffset MadeAt,
    ReportHeader? Header,
    ReportOutcome Outcome,
    Timeline Timeline,
    IReadOnlyList<ReportForecast> Forecasts,
    IReadOnlyList<ReportGate> Gates,
    IReadOnlyList<ReportStep> Steps,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] CandidateFindings? Candidate,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RehearsalRecord? Rehearsed,
    IReadOnlyList<ReportChange> Changes,
    IReadOnlyList<ReportBlocker> Blockers,
    IReadOnlyList<ReportContent> Contents,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PointOfNoReturn? AtStake,
    ReportWatch? Watch,
    IReadOnlyList<ReportDecision> Decisions,
    IReadOnlyList<ReportNotice> Notices,
    IReadOnlyList<ReportEpoch> Epochs,
    IReadOnlyList<UnreadEntry> Unread,
    ChainVerification Chain
)
{
    /// <summary>The shape of the JSON.</summary>
    [JsonPropertyOrder(-1)]
    public string Format => "tidelock/report/v1";

    /// <summary>What was seen after the run; null for nothing, and where nobody asked the journal for it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ReportSoak? Soak { get; init; }

    /// <summary>Why nothing is said of the time after the run; null where nothing keeps from it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Message? SoakProblem { get; init; }

    /// <summary>Where the head of this chain was told, as the journal itself says: what stands there can be held against it.</summary>
    [JsonIgnore]
    public IReadOnlyList<Message> AnchorsElsewhere =>
        [
            .. Notices
                .Where(n => n.Upto > 0)
                .Select(n =>
                    Message.Of(
                        "evidence.anchor.elsewhere",
                        ("channel", n.Channel),
                        ("event", n.Upto),
                        ("identifiers", ReportWords.Identifiers(n))
                    )
                ),
        ];

    /// <summary>The same with what was seen of the change since.</summary>
    public async Task<RunReport> WithSoakAsync(IJournal journal, CancellationToken cancellation)
    {
        if (Header is not { } header)
        {
            return this;
        }

        try
        {
            var looks = await new SoakBook(journal, header.Digest, header.Environment)
                .ReadAsync(cancellation)
                .ConfigureAwait(false);
            return this with { Soak = ReportSoak.Of(this, looks, MadeAt) };
        }
        catch (StreamBrokenException e)
        {
            return this with { SoakProblem = e.Problem };
        }
    }

    /// <param name="entries">All entries of one run, as the journal holds them.</param>
    /// <param name="now">The time of the report.</param>
    public static RunReport Of(IReadOnlyList<JournalEntry> entries, DateTimeOffset now)
    {
        var (events, unread) = Read(entries);
        var state = RunState.Of(events);
        return new RunReport(
            entries.Count > 0 ? entries[0].Stream : "",
            now,
            ReportHeader.Of(state),
            ReportOutcome.Of(state, now),
            Timeline.Of(state, now),
            ReportForecast.All(state, ReportContent.Rehearsed(events)),
            ReportGate.All(events),
            ReportStep.All(events),
            ReportContent.Candidate(events),
            ReportContent.Rehearsed(events),
            ReportChange.All(state),
            ReportBlocker.All(events),
            ReportContent.All(events),
            PointOfNoReturn.Of(state),
            ReportWatch.Of(events),
            ReportDecision.All(events.Where(e => e is not BlockerActed)),
            ReportNotice.All(state, events),
            [.. events.OfType<EpochTaken>().Select(e => new ReportEpoch(e.Epoch, e.Host, e.ProcessId, e.At))],
            unread,
            ChainVerification.Of(entries)
        );
    }

    private static (List<RunEvent> Events, List<UnreadEntry> Unread) Read(IReadOnlyList<JournalEntry> entries)
    {
        var events = new List<RunEvent>(entries.Count);
        var unread = new List<UnreadEntry>();
        foreach (var entry in entries)
        {
            switch (UnreadEntry.TryRead(entry))
            {
                case (UnknownEvent, _):
                    unread.Add(new UnreadEntry(entry.Sequence, entry.Kind, Message.Of("evidence.unread.kind")));
                    break;
                case ({ } known, _):
                    events.Add(known);
                    break;
                case (null, var reason):
                    unread.Add(new UnreadEntry(entry.Sequence, entry.Kind, reason!));
                    break;
            }
        }

        return (events, unread);
    }
}

/// <summary>A program that had the run.</summary>
public sealed record ReportEpoch(long Epoch, string Host, int ProcessId, DateTimeOffset At);
