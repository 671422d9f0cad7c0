using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Migrations;
using Tidelock.Rollbacks;
using Tidelock.Watching;
using Standing = Tidelock.Evidence.GateStanding;

namespace Tidelock.Cli.Rendering;

/// <summary>What would happen, and whether it may: shown by <c>plan</c>, and by <c>deploy</c> before it asks.</summary>
internal sealed class PlanScreen(ReportWords words)
{
    public IEnumerable<Row> Rows(DeploymentRequest request, DeploymentPlan plan)
    {
        var change = request.Change;
        return
        [
            Row.Of(words.Say(plan.Header)),
            Row.Gap,
            .. Labelled("cli.plan.change", [change.Title, .. plan.Change.Select(words.Say)]),
            .. Labelled("cli.plan.migration", [words.Say(change.Section<Migration>().Text)]),
            .. Labelled("cli.plan.kept", plan.Kept.Select(words.Say)),
            .. Labelled("cli.plan.locks", plan.Locks.Select(words.Say)),
            .. Labelled("cli.plan.content", plan.Content.Select(words.Say)),
            .. Labelled("cli.plan.watch", [Watch(change.Section<WatchOptions>())]),
            .. Labelled(
                "cli.plan.back",
                [.. plan.WayBack.Select(words.Say), Decision(change.Section<RollbackOptions>())]
            ),
            .. Labelled("cli.plan.surprises", plan.Surprises.Select(words.Say), "!", Tone.Warn),
            Row.Gap,
            .. plan.Gates.Select(Gate),
            Row.Gap,
            Verdict(plan),
        ];
    }

    private Row Gate(Gates.GateStanding gate)
    {
        var standing = gate switch
        {
            { Overridden: true } => Standing.Overridden,
            { Passed: false } => Standing.NotPassed,
            { By: null } => Standing.Passed,
            _ => Standing.Confirmed,
        };
        return new RunRows(words).Gate(gate.Name, gate.AsEvent().Level, words.Of(standing), gate.Finding);
    }

    private Row Verdict(DeploymentPlan plan)
    {
        if (plan.ContentRefuses)
        {
            return Row.Of(words.Say("cli.plan.content-refuses"), Tone.Bad);
        }

        var refusing = plan.Gates.Where(g => g.Refuses).Select(g => g.Name).ToList();
        return refusing.Count == 0
            ? Row.Of(words.Say("cli.plan.ready"), Tone.Good)
            : Row.Of(
                words.Say(
                    "cli.plan.not-ready",
                    ("count", refusing.Count),
                    ("gates", string.Join(", ", refusing)),
                    ("first", refusing[0])
                ),
                Tone.Bad
            );
    }

    /// <summary>The label stands beside the first line; nothing to say is no row.</summary>
    private IEnumerable<Row> Labelled(
        string label,
        IEnumerable<string> lines,
        string mark = " ",
        Tone tone = Tone.Plain
    ) => lines.Select((line, i) => new Row(mark, i == 0 ? words.Say(label) : "", line, tone));

    private string Watch(WatchOptions watch) =>
        words.Say(
            "cli.plan.watching",
            ("for", watch.For),
            ("every", watch.Every),
            ("rules", string.Join(", ", watch.RollBackWhen.Select(c => c.Text)))
        );

    private string Decision(RollbackOptions back) =>
        back.Automatic ? words.Say("cli.plan.automatic") : words.Say("cli.plan.ask", ("limit", back.AskFor));
}
