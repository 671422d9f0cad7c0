using Tidelock.Policies;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// Whether the policy that a change is held to is the one it must be: that of its database, whatever its author calls the environment; the one
/// that git knows; and the one of the last run. A line of the checklist that stands there only when there is something to say.
/// </summary>
internal sealed class PolicyStanding
{
    /// <summary>How the line is called.</summary>
    public const string Name = "policy";

    private readonly GateContext context;
    private readonly EnvironmentPolicy? policy;

    private PolicyStanding(GateContext context) => (this.context, policy) = (context, context.Options.Policy);

    /// <summary>Null where there is nothing to say.</summary>
    public static Task<GateStanding?> ReadAsync(GateContext context, CancellationToken cancellation) =>
        new PolicyStanding(context).ReadAsync(cancellation);

    private async Task<GateStanding?> ReadAsync(CancellationToken cancellation)
    {
        var runs = await EarlierAsync(cancellation).ConfigureAwait(false);
        if (Problem(runs) is { } problem)
        {
            return new GateStanding(Name, GateLevel.Required, Passed: false, problem, By: null, Overridden: false);
        }

        var edited = await CommittedFile.OthersAsync(policy?.Files ?? [], cancellation).ConfigureAwait(false);
        Message[] told =
        [
            .. edited.Count == 0
                ? (Message[])[]
                : [Message.Of("gates.policy.edited", ("files", string.Join(", ", edited)))],
            .. runs is [var (run, last), ..] && policy is not null && last.Policy?.Digest != policy.Mark.Digest
                ? (Message[])[Message.Of("gates.policy.changed", ("run", run), ("at", last.At))]
                : [],
        ];
        return told.Length == 0
            ? null
            : new GateStanding(
                Name,
                GateLevel.Required,
                true,
                Several.All(told),
                By: null,
                Overridden: edited.Count > 0
            );
    }

    private Message? Problem(IReadOnlyList<(RunId Run, RunStarted Started)> runs)
    {
        if (policy is null)
        {
            return runs is [var (run, last), ..] && last.Policy is { } then
                ? Message.Of("gates.policy.gone", ("run", run), ("file", then.File))
                : null;
        }

        if (policy.Name == context.TargetEnvironment.Name)
        {
            // Two names for one database, or a copy of a server with its identity: the team decided what holds there.
            return null;
        }

        var declared = context.Change.Environments.FirstOrDefault(e => IsNamed(e.Name) && IsSameAddress(e.Database));
        if (declared is not null)
        {
            return Message.Of("gates.policy.same-database", ("file", policy.Mark.File), ("other", declared.Name));
        }

        var (seenBy, seen) = runs.FirstOrDefault(r => IsNamed(r.Started.TargetEnvironment));
        return seen is null
            ? null
            : Message.Of(
                "gates.policy.other-name",
                ("file", policy.Mark.File),
                ("other", seen.TargetEnvironment),
                ("run", seenBy),
                ("environment", context.TargetEnvironment.Name)
            );
    }

    private bool IsNamed(string environment) => policy!.Named.Contains(environment, StringComparer.Ordinal);

    private bool IsSameAddress(string database)
    {
        try
        {
            return PostgresTarget.Parse(database, ProcessVariables.Read()).ToString() == context.Target.ToString();
        }
        catch (TidelockException)
        {
            // Of another machine, whose variables are not here.
            return false;
        }
    }

    /// <summary>The runs of this database that say something about its policy, newest first. Nothing is connected to where no run does.</summary>
    private async Task<IReadOnlyList<(RunId Run, RunStarted Started)>> EarlierAsync(CancellationToken cancellation)
    {
        var heads = await context.Journal.ListAsync(cancellation).ConfigureAwait(false);
        var runs = heads.Select(h => (h.Run, Started: RunEvents.Parse(h.First) as RunStarted)).ToList();
        if (
            !runs.Exists(r =>
                r.Started?.Policy is not null
                || (policy is not null && r.Started is { } s && IsNamed(s.TargetEnvironment))
            )
        )
        {
            return [];
        }

        await using var session = await ShownRelation.OpenAsync(context.Target, cancellation).ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return
        [
            .. runs.Where(r => r.Started?.Identity.IsSameDatabase(identity) == true).Select(r => (r.Run, r.Started!)),
        ];
    }
}
