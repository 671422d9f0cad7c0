using System.Text.Json;
using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Rehearsals;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>A plan in one line of JSON.</summary>
internal sealed record PlanLine(
    string Change,
    string Digest,
    string Environment,
    string Target,
    bool Ready,
    IReadOnlyList<PlanPart> Changes,
    IReadOnlyList<PlanPart> Kept,
    IReadOnlyList<PlanPart> Locks,
    IReadOnlyList<PlanCheck> Candidate,
    IReadOnlyList<PlanPart> Content,
    IReadOnlyList<PlanPart> WayBack,
    IReadOnlyList<PlanPart> Surprises,
    IReadOnlyList<PlanStatement> Ddl,
    IReadOnlyList<PlanStatement> BackDdl,
    IReadOnlyList<PlanGate> Gates
)
{
    public static PlanLine Of(DeploymentRequest request, DeploymentPlan plan, TextCatalog texts) =>
        new(
            request.Change.Name,
            request.Change.Digest,
            request.TargetEnvironment.Name,
            request.Target.ToString(),
            plan.Ready,
            Parts(plan.Change, texts),
            Parts(plan.Kept, texts),
            Parts(plan.Locks, texts),
            [.. plan.Candidate.Select(c => new PlanCheck(c.Standing, c.Text.Code, texts.Render(c.Text)))],
            Parts(plan.Content, texts),
            Parts(plan.WayBack, texts),
            Parts(plan.Surprises, texts),
            [.. plan.Statements.Select(PlanStatement.Of)],
            [.. plan.BackStatements.Select(PlanStatement.Of)],
            [
                .. plan.Gates.Select(g => new PlanGate(
                    g.Name,
                    g.Level,
                    g.Passed,
                    g.Overridden,
                    g.By,
                    g.Finding.Code,
                    texts.Render(g.Finding)
                )),
            ]
        );

    private static IReadOnlyList<PlanPart> Parts(IReadOnlyList<Message> messages, TextCatalog texts) =>
        [.. messages.Select(m => new PlanPart(m.Code, texts.Render(m)))];

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.PlanLine);
}

/// <summary>A line of a plan.</summary>
internal sealed record PlanPart(string Code, string Text);

/// <summary>How something does on the new definition.</summary>
internal sealed record PlanCheck(CandidateStanding Standing, string Code, string Text);

/// <summary>A DDL command of the rehearsal.</summary>
internal sealed record PlanStatement(
    string Command,
    IReadOnlyList<string> Objects,
    string Text,
    IReadOnlyList<string> TakenAlong,
    IReadOnlyList<PlanLock> Locks
)
{
    public static PlanStatement Of(RehearsedStatement statement) =>
        new(
            statement.Command,
            statement.Objects,
            statement.Text,
            statement.TakenAlong,
            [.. statement.Locks.Select(l => new PlanLock(l.Mode, l.Relation.ToString()))]
        );
}

/// <summary>A lock that a command added to those of its transaction.</summary>
internal sealed record PlanLock(string Mode, string Relation);

/// <summary>A gate of a plan.</summary>
internal sealed record PlanGate(
    string Gate,
    GateLevel Level,
    bool Passed,
    bool Overridden,
    string? By,
    string Code,
    string Text
);
