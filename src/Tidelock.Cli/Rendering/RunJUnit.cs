using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Cli.Rendering;

/// <summary>A run as JUnit writes tests: its gates, steps and criteria, and the chain. What is not known is an error, never a pass.</summary>
internal static class RunJUnit
{
    public static string Of(RunReport report, TextCatalog texts)
    {
        var words = new ReportWords(texts);
        var name = report.Header is { } header ? $"{header.Change}.{header.Environment}" : report.Run;
        return JUnitXml.Of([
            new JUnitSuite($"{name} gates", [.. report.Gates.Select(g => Gate(g, words))]),
            new JUnitSuite(
                $"{name} steps",
                [.. report.Steps.Where(s => s.Attempts.Count > 0).Select(s => Step(s, words))]
            ),
            new JUnitSuite($"{name} watch", [.. (report.Watch?.Criteria ?? []).Select(c => Criterion(c, words))]),
            new JUnitSuite($"{name} journal", [Chain(report.Chain, words)]),
        ]);
    }

    private static JUnitCase Gate(ReportGate gate, ReportWords words) =>
        new(gate.Gate)
        {
            Failure = gate
                is { Standing: GateStanding.NotPassed, Level: "required" }
                    or { Standing: GateStanding.Overridden }
                ? (gate.Finding.Code, words.Say(gate.Finding))
                : null,
            Skipped = gate is { Standing: GateStanding.NotPassed, Level: not "required" }
                ? words.Say(gate.Finding)
                : null,
        };

    private static JUnitCase Step(ReportStep step, ReportWords words) =>
        new(step.Rollback > 1 ? FormattableString.Invariant($"{step.Step} ({step.Rollback})") : step.Step)
        {
            Took = step.Took,
            Failure = step.Result is null or StepResult.Passed
                ? null
                : (step.Finding?.Code ?? step.Result.ToString()!, words.Say(step.Finding)),
            Error = step.Result is null ? ("unfinished", words.Of(step.Result).Word) : null,
        };

    private static JUnitCase Criterion(ReportCriterion criterion, ReportWords words) =>
        new(criterion.Criterion)
        {
            Failure =
                criterion.Last is VerdictState.Breached || criterion.FirstBreach is not null
                    ? (
                        (criterion.FirstBreach ?? criterion.LastReason).Code,
                        words.Say(criterion.FirstBreach ?? criterion.LastReason)
                    )
                    : null,
            Error = criterion is { Last: VerdictState.Unknown, FirstBreach: null }
                ? (criterion.LastReason.Code, words.Say(criterion.LastReason))
                : null,
        };

    private static JUnitCase Chain(ChainVerification chain, ReportWords words) =>
        new("hash chain")
        {
            Failure = chain.IsSound
                ? null
                : (chain.Messages[0].Code, string.Join('\n', chain.Messages.Select(m => words.Say(m)))),
        };
}
