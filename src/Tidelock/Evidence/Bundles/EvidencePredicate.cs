using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Evidence.Bundles;

/// <summary>What was done in an environment, what was seen there since, and what was measured.</summary>
/// <param name="MadeAt">When the statement was made: nothing later is said here.</param>
/// <param name="Tool">The version that made it.</param>
/// <param name="Environment">Where.</param>
/// <param name="Target">The database as people read it.</param>
/// <param name="SystemIdentifier">Of its server.</param>
/// <param name="PostgreSql">The server's version, as a number.</param>
/// <param name="StartedAt">The run's start.</param>
/// <param name="AppliedAt">When the change was committed.</param>
/// <param name="EndedAt">When the run was over.</param>
/// <param name="By">Who ran it.</param>
/// <param name="Result">How it ended; null while it goes on.</param>
/// <param name="Superseded">Whether the same digest was begun there again since.</param>
/// <param name="Entries">Of the journal, up to the head.</param>
public sealed record EvidencePredicate(
    DateTimeOffset MadeAt,
    string Tool,
    string Environment,
    string Target,
    string SystemIdentifier,
    int PostgreSql,
    DateTimeOffset StartedAt,
    DateTimeOffset? AppliedAt,
    DateTimeOffset? EndedAt,
    string By,
    RunStanding Result,
    bool Superseded,
    long Entries,
    IReadOnlyList<EvidenceGate> Gates,
    IReadOnlyList<EvidenceStep> Steps,
    IReadOnlyList<EvidenceLook> Soak,
    IReadOnlyList<EvidenceSignal> Measurements,
    IReadOnlyList<EvidenceCriterion> Criteria
)
{
    /// <summary>Its name on that server, whatever address led there; null in statements of older versions.</summary>
    public string? Database { get; init; }

    internal static EvidencePredicate Of(
        RunReport report,
        IReadOnlyList<SoakLook> looks,
        bool superseded,
        DateTimeOffset now
    )
    {
        var header = report.Header!;
        return new EvidencePredicate(
            now,
            Product.Version,
            header.Environment,
            header.Target,
            header.Identity.SystemIdentifier,
            header.Identity.ServerVersion,
            header.StartedAt,
            report.Outcome.AppliedAt,
            header.EndedAt,
            header.By,
            report.Outcome.Standing,
            superseded,
            report.Chain.Entries,
            [.. report.Gates.Select(g => new EvidenceGate(g.Gate, g.Level, g.Standing, g.By, Say(g.Finding)!))],
            [.. report.Steps.Select(s => new EvidenceStep(s.Step, s.Rollback, s.Result, s.Took, Say(s.Finding)))],
            [.. looks.Where(l => string.Equals(l.Run, report.Run, StringComparison.Ordinal)).Select(EvidenceLook.Of)],
            [.. (report.Watch?.Signals ?? []).Select(EvidenceSignal.Of)],
            [
                .. (report.Watch?.Criteria ?? []).Select(c => new EvidenceCriterion(
                    c.Criterion,
                    c.Last,
                    c.Healthy,
                    c.Breached,
                    c.Unknown
                )),
            ]
        )
        {
            Database = header.Identity.Database,
        };
    }

    /// <summary>The looks again, for whoever judges them by his own rules.</summary>
    internal IEnumerable<SoakLook> Looks(string run) =>
        Soak.Select(l => new SoakLook(
            run,
            l.At,
            l.At,
            By,
            Target,
            [.. l.Breaches.Select(Said)],
            [.. l.Unseen.Select(Said)],
            l.Signals
        ));

    private static Message Said(string text) => Message.Of("evidence.said", ("text", text));

    internal static string? Say(Message? message) => message is null ? null : TextCatalog.English.Render(message);
}

/// <summary>A gate as it counted.</summary>
public sealed record EvidenceGate(string Gate, string Level, GateStanding Standing, string? By, string Finding);

/// <summary>A step and how it ended.</summary>
public sealed record EvidenceStep(string Step, int Rollback, StepResult? Result, TimeSpan? Took, string? Finding);

/// <summary>One look after the run. Where both lists are empty, all was as it should be.</summary>
public sealed record EvidenceLook(
    DateTimeOffset At,
    IReadOnlyList<string> Breaches,
    IReadOnlyList<string> Unseen,
    IReadOnlyDictionary<string, double> Signals
)
{
    internal static EvidenceLook Of(SoakLook look) =>
        new(
            look.At,
            [.. look.Breaches.Select(b => EvidencePredicate.Say(b)!)],
            [.. look.Unseen.Select(u => EvidencePredicate.Say(u)!)],
            look.Signals
        );
}

/// <summary>A signal before the change and after it.</summary>
public sealed record EvidenceSignal(string Signal, string Unit, EvidenceFigures Baseline, EvidenceFigures Watch)
{
    internal static EvidenceSignal Of(ReportSignal signal) =>
        new(
            signal.Signal,
            signal.Unit.ToString(),
            EvidenceFigures.Of(signal.Baseline),
            EvidenceFigures.Of(signal.Watch)
        );
}

/// <summary>Its samples in numbers.</summary>
public sealed record EvidenceFigures(int Samples, int NoData, int Errors, double? Min, double? Mean, double? Max)
{
    internal static EvidenceFigures Of(SignalSummary summary) =>
        new(summary.Samples, summary.NoData, summary.Errors, summary.Min, summary.Mean, summary.Max);
}

/// <summary>A criterion over the whole watch: how many looks said what.</summary>
public sealed record EvidenceCriterion(string Criterion, VerdictState Last, int Healthy, int Breached, int Unknown);
