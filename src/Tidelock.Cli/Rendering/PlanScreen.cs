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
    public IEnumerable<Row> Rows(DeploymentRequest request, IReadOnlyList<Gates.GateStanding> gates)
    {
        var change = request.Change;
        yield return Row.Of(
            words.Say(
                "cli.plan.header",
                ("change", change.Name),
                ("environment", request.TargetEnvironment.Name),
                ("target", request.Target),
                ("digest", change.Digest[..12])
            )
        );
        yield return Row.Gap;
        yield return Labelled("cli.plan.change", change.Title);
        yield return Labelled("cli.plan.migration", Migration(change.Section<Migration>()));
        yield return Labelled("cli.plan.locks", Locks(change.Section<Migration>().Locks));
        yield return Labelled("cli.plan.watch", Watch(change.Section<WatchOptions>()));
        yield return Labelled("cli.plan.back", Back(change.Section<RollbackOptions>()));
        yield return Row.Gap;
        foreach (var gate in gates)
        {
            yield return Gate(gate);
        }

        yield return Row.Gap;
        yield return Verdict(gates);
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

    private Row Verdict(IReadOnlyList<Gates.GateStanding> gates)
    {
        var refusing = gates.Where(g => g.Refuses).Select(g => g.Name).ToList();
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

    private Row Labelled(string label, string text) => new("", words.Say(label), text);

    private string Migration(Migration migration) =>
        migration switch
        {
            ViewMigration view => words.Say(
                "cli.plan.view",
                ("view", view.Name),
                ("file", view.Definition.Path),
                ("dependents", view.Dependents.ToString().ToLowerInvariant())
            ),
            SqlMigration sql => words.Say("cli.plan.sql", ("up", sql.Up.Path), ("down", sql.Down?.Path ?? "–")),
            _ => migration.GetType().Name,
        };

    private string Locks(LockBudget locks) =>
        words.Say("cli.plan.budget", ("try", locks.Try), ("tries", locks.Tries), ("total", locks.Total));

    private string Watch(WatchOptions watch) =>
        words.Say(
            "cli.plan.watching",
            ("for", watch.For),
            ("every", watch.Every),
            ("rules", string.Join(", ", watch.RollBackWhen.Select(c => c.Text)))
        );

    private string Back(RollbackOptions back) =>
        back.Automatic
            ? words.Say("cli.plan.automatic", ("method", back.Method))
            : words.Say("cli.plan.ask", ("method", back.Method), ("limit", back.AskFor));
}
