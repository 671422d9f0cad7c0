using Tidelock.Calendars;
using Tidelock.Changes;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;
using Standing = Tidelock.Evidence.GateStanding;
using Timeline = Tidelock.Evidence.Timeline;

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
            .. Labelled("cli.plan.change", [change.Title]),
            .. plan.Change.Select(Difference),
            .. Labelled("cli.plan.migration", [words.Say(change.Section<Migration>().Text)]),
            .. Kept(plan),
            .. Labelled("cli.plan.locks", plan.Locks.Select(words.Say)),
            .. Candidate(plan),
            .. Labelled("cli.plan.content", plan.Content.Select(words.Say)),
            .. Watch(change.Section<WatchOptions>()),
            .. Labelled(
                "cli.plan.back",
                [.. plan.WayBack.Select(words.Say), Decision(change.Section<RollbackOptions>())]
            ),
            .. Labelled("cli.plan.surprises", plan.Surprises.Select(words.Say), "!", Tone.Warn),
            Row.Gap,
            .. Labelled("cli.plan.policy", Policy(change)),
            .. Labelled("cli.plan.asks", change.Section<GateOptions>().Approval.Asked.Select(words.Say)),
            .. plan.Gates.Select(Gate),
            Row.Gap,
            .. request.Appointment is { } planned ? Planned(planned, change.Section<WatchOptions>().For) : [],
            Verdict(plan, request.Appointment),
        ];
    }

    /// <summary>What the gates are held to.</summary>
    private static string[] Policy(Change change) =>
        change.Section<GateOptions>().Policy?.Mark is { } mark ? [$"{mark.File} {mark.Digest[..12]}"] : [];

    /// <summary>What is due when, by the clock of whoever planned it.</summary>
    private IEnumerable<Row> Planned(Appointment appointment, TimeSpan watchFor)
    {
        var zone = ZoneTime.Find(appointment.Zone) ?? Window.Any.Zone;
        return Timeline
            .Ahead(appointment, watchFor, DateTimeOffset.MinValue)
            .Points.Select(p => new Row(" ", p.Label, $"{zone.Show(p.Due)}  {words.Of(p.Mark)}"))
            .Append(Row.Gap);
    }

    /// <summary>What goes, comes or becomes another is marked, and coloured where there are colours.</summary>
    public Row Difference(Message line) =>
        line.Code switch
        {
            "relations.lost" or "relations.gone" or "deployments.plan.cascade" => new Row(
                "-",
                "",
                words.Say(line),
                Tone.Bad
            ),
            "relations.added" or "relations.came" => new Row("+", "", words.Say(line), Tone.Good),
            "relations.changed" => new Row("~", "", words.Say(line), Tone.Warn),
            _ => new Row(" ", "", words.Say(line)),
        };

    public IEnumerable<Row> Kept(DeploymentPlan plan) => Labelled("cli.plan.kept", plan.Kept.Select(words.Say));

    /// <summary>How the new definition does, tried before anything is changed.</summary>
    private IEnumerable<Row> Candidate(DeploymentPlan plan) =>
        plan.Candidate.Select(
            (c, i) =>
            {
                var word = words.Of(c.Standing);
                return new Row(word.Mark, i == 0 ? words.Say("cli.plan.candidate") : "", words.Say(c.Text), word.Tone);
            }
        );

    /// <summary>Each DDL command of the rehearsal, there and back, with the locks it added.</summary>
    public IEnumerable<Row> Statements(DeploymentPlan plan) =>
        [
            .. Labelled("cli.plan.ddl.there", plan.Statements.SelectMany(Lines)),
            .. Labelled("cli.plan.ddl.back", plan.BackStatements.SelectMany(Lines)),
            Row.Gap,
        ];

    private IEnumerable<string> Lines(RehearsedStatement statement) =>
        [
            statement.Text,
            .. statement.TakenAlong.Select(o => words.Say("cli.plan.ddl.takes", ("object", o))),
            .. statement
                .Locks.GroupBy(l => l.Mode, StringComparer.Ordinal)
                .Select(g =>
                    words.Say(
                        "cli.plan.ddl.locks",
                        ("mode", g.Key),
                        ("relations", string.Join(", ", g.Select(l => l.Relation)))
                    )
                ),
        ];

    private Row Gate(Tidelock.Gates.GateStanding gate)
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

    private Row Verdict(DeploymentPlan plan, Appointment? appointment)
    {
        if (plan.ContentRefuses)
        {
            return Row.Of(words.Say("cli.plan.content-refuses"), Tone.Bad);
        }

        var refusing = plan.Gates.Where(g => g.Refuses).Select(g => g.Name).ToList();
        return refusing.Count == 0 ? Row.Of(words.Say("cli.plan.ready"), Tone.Good)
            : appointment is not null && !refusing.Contains("window") && !refusing.Contains(PolicyStanding.Name)
                ? Row.Of(
                    words.Say(
                        "cli.plan.not-ready-yet",
                        ("count", refusing.Count),
                        ("gates", string.Join(", ", refusing)),
                        ("at", appointment.Shown)
                    ),
                    Tone.Warn
                )
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

    /// <summary>What takes the change back; else what the watch is for, and be it nothing.</summary>
    private IEnumerable<Row> Watch(WatchOptions watch)
    {
        var (code, rules) = watch switch
        {
            { RollBackWhen.Count: > 0 } => ("cli.plan.watching", watch.RollBackWhen),
            { Healthy.Count: > 0 } => ("cli.plan.watch-holds", watch.Healthy),
            _ => ("cli.plan.unjudged", []),
        };
        var isJudged = code is not "cli.plan.unjudged";
        yield return new Row(
            isJudged ? " " : "!",
            words.Say("cli.plan.watch"),
            words.Say(
                code,
                ("for", watch.For),
                ("every", watch.Every),
                ("rules", string.Join(", ", rules.Select(c => c.Text)))
            ),
            isJudged ? Tone.Plain : Tone.Warn
        );
        if (watch.Uncounted is { Count: > 0 } uncounted)
        {
            yield return new Row(
                "!",
                "",
                words.Say("cli.plan.uncounted", ("signals", string.Join(", ", uncounted))),
                Tone.Warn
            );
        }
    }

    private string Decision(RollbackOptions back) =>
        back.Automatic ? words.Say("cli.plan.automatic") : words.Say("cli.plan.ask", ("limit", back.AskFor));
}
