using Tidelock.Contracts;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>Makes a plan of a rehearsal and a few reads of the target.</summary>
internal sealed class PlanBuilder(WayRehearser rehearser)
{
    private const string Application = "tidelock/plan";

    public async Task<DeploymentPlan> BuildAsync(DeploymentRequest request, CancellationToken cancellation)
    {
        var rehearsal = await rehearser
            .RehearseAsync(request.Change, request.Target, cancellation)
            .ConfigureAwait(false);
        var copyless = rehearsal.NoCopy ? rehearsal.Problem : null;
        if (copyless is not null && request.OnTarget)
        {
            rehearsal = await rehearser
                .OnTargetAsync(request.Change, request.Target, rehearsal, cancellation)
                .ConfigureAwait(false);
        }

        await using var session = await PostgresSession
            .OpenAsync(request.Target, Application, cancellation)
            .ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        var unseen = await UnseenReaders.FindAsync(session, rehearsal, cancellation).ConfigureAwait(false);
        var elsewhere = request.Change.Section<Migration>() is ViewMigration view
            ? await NamesElsewhere.FindAsync(session, view, cancellation).ConfigureAwait(false)
            : null;
        return new DeploymentPlan(
            Header(request, identity),
            [.. Copyless(copyless, rehearsal), .. Change(rehearsal)],
            Kept(rehearsal),
            await LocksAsync(session, request, rehearsal, cancellation).ConfigureAwait(false),
            WayBack(request, rehearsal),
            [.. Warnings(SoakableChange.Warning(request.Change), elsewhere), .. unseen, .. rehearsal.Warnings],
            []
        )
        {
            Content = request.Change.Section<CompareOptions>().IsDeclared
                ? [Message.Of("deployments.plan.content-later")]
                : [],
            Statements = rehearsal.Statements,
            BackStatements = rehearsal.BackStatements,
            Foreseen = Foresight.Of(rehearsal),
        };
    }

    /// <summary>The plan with the content compared on the target: as long as an evaluation of the relation, old and new, takes.</summary>
    public static async Task<DeploymentPlan> ComparedAsync(
        DeploymentRequest request,
        DeploymentPlan plan,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.RelationOf(request.Change) is not { } relation)
        {
            return plan;
        }

        Task<PostgresSession> OpenAsync(CancellationToken token) =>
            PostgresSession.OpenAsync(request.Target, Application, token);
        CaptureResult there;
        await using (var session = await OpenAsync(cancellation).ConfigureAwait(false))
        {
            there = await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false);
        }

        var notes = new List<Message>();
        var contents = new ContentServer(request.TargetEnvironment.Standby, Application, OpenAsync, time, notes.Add);
        var ground = new ShadowGround(
            request.Change,
            there.ClosureOrNull,
            OpenAsync,
            contents.OpenAsync,
            time,
            static _ => { }
        );
        var found = await ShadowComparison.RunAsync(ground, cancellation).ConfigureAwait(false);
        return found is null
            ? plan
            : plan with
            {
                Content = [.. found.Lines, .. notes],
                Candidate = found.Candidate?.Checks ?? [],
                ContentRefuses = found.Refuses,
            };
    }

    private static Message Header(DeploymentRequest request, ServerIdentity identity) =>
        Message.Of(
            "deployments.plan.header",
            ("change", request.Change.Name),
            ("environment", request.TargetEnvironment.Name),
            ("target", request.Target),
            ("major", identity.Major),
            ("minor", identity.ServerVersion % 10000),
            ("digest", request.Change.Digest[..12])
        );

    private static IEnumerable<Message> Warnings(params IEnumerable<Message?> warnings) => warnings.OfType<Message>();

    /// <summary>Why there is no copy, and what was done or can be done instead.</summary>
    private static IReadOnlyList<Message> Copyless(Message? reason, WayRehearsal rehearsal) =>
        (reason, rehearsal.HeldOnTarget) switch
        {
            (null, _) => [],
            (_, { } held) => [reason, Message.Of("deployments.plan.tried-on-target", ("held", held))],
            (_, null) when rehearsal.Problem == reason => [Message.Of("deployments.plan.on-target-hint")],
            (_, null) => [reason],
        };

    private static Message Where(WayRehearsal rehearsal) =>
        Message.Of(rehearsal.HeldOnTarget is null ? "deployments.plan.on-copy" : "deployments.plan.on-target");

    private static IReadOnlyList<Message> Change(WayRehearsal rehearsal)
    {
        var problem = rehearsal.Problem is null ? Array.Empty<Message>() : [rehearsal.Problem];
        if (rehearsal.ForwardTook is null)
        {
            return problem;
        }

        var how = rehearsal switch
        {
            { Relation: null } => Message.Of(
                "deployments.plan.sql",
                ("took", rehearsal.ForwardTook),
                ("where", Where(rehearsal))
            ),
            { Before: null } => Message.Of(
                "deployments.plan.created",
                ("relation", rehearsal.Relation),
                ("took", rehearsal.ForwardTook),
                ("where", Where(rehearsal))
            ),
            { Recreates: true } => Message.Of(
                "deployments.plan.recreated",
                ("relation", rehearsal.Relation),
                ("took", rehearsal.ForwardTook),
                ("where", Where(rehearsal))
            ),
            _ => Message.Of(
                "deployments.plan.replaced",
                ("relation", rehearsal.Relation),
                ("took", rehearsal.ForwardTook),
                ("where", Where(rehearsal))
            ),
        };

        // Definitions are long, and the author wrote them.
        var differences = rehearsal.Before is null
            ? []
            : rehearsal.Differences.Where(d => d.Part != ClosurePart.Definition).Texts();
        return
        [
            how,
            .. FilledAnew(rehearsal),
            .. rehearsal.Account,
            .. TakenAlong(rehearsal.Statements),
            .. differences,
            .. problem,
        ];
    }

    /// <summary>The materialized views that are built again: whoever reads them sees other rows, though nobody has refreshed them.</summary>
    private static IEnumerable<Message> FilledAnew(WayRehearsal rehearsal) =>
        rehearsal is { Recreates: true, Before: { } before }
            ? before
                .All.Where(r => r.IsFilled)
                .Select(r => Message.Of("deployments.plan.filled-anew", ("view", r.Name)))
            : [];

    /// <summary>What a CASCADE of the author's takes with it; Tidelock itself drops one by one.</summary>
    private static IEnumerable<Message> TakenAlong(IReadOnlyList<RehearsedStatement> statements) =>
        statements
            .Where(s => s.TakenAlong.Count > 0)
            .Select(s =>
                Message.Of(
                    "deployments.plan.cascade",
                    ("command", $"{s.Command} {string.Join(", ", s.Objects)}"),
                    ("count", s.TakenAlong.Count),
                    ("objects", string.Join(", ", s.TakenAlong))
                )
            );

    private static IReadOnlyList<Message> Kept(WayRehearsal rehearsal)
    {
        if (rehearsal.Before is not { } before)
        {
            return [];
        }

        var columns = before.All.SelectMany(r => r.Columns).ToList();
        var others = before.Objects ?? [];
        return
        [
            Message.Of(
                "deployments.plan.kept",
                ("dependents", before.DependentNames.Any() ? string.Join(", ", before.DependentNames) : "–"),
                ("grants", before.All.Sum(GrantsToOthers) + others.Sum(GrantsToOthers)),
                ("owner", before.Relation.Owner),
                (
                    "comments",
                    before.All.Count(r => r.Comment is not null)
                        + columns.Count(c => c.Comment is not null)
                        + others.Count(o => o.Comment is not null)
                )
            ),
        ];
    }

    private static int GrantsToOthers(CapturedRelation relation) =>
        relation
            .Columns.SelectMany(c => c.Grants ?? [])
            .Concat(relation.Grants ?? [])
            .Count(g => g.Grantee != relation.Owner);

    private static int GrantsToOthers(CapturedObject other) =>
        (other.Grants ?? []).Count(g => g.Grantee != other.Owner);

    private static async Task<IReadOnlyList<Message>> LocksAsync(
        PostgresSession session,
        DeploymentRequest request,
        WayRehearsal rehearsal,
        CancellationToken cancellation
    )
    {
        var budget = request.Change.Section<Migration>().Locks;
        var locked = Locked(rehearsal.Statements);
        var lines = new List<Message>
        {
            Message.Of(
                locked.Count == 0 ? "deployments.plan.budget" : "deployments.plan.locks",
                ("relations", string.Join(", ", locked)),
                ("try", budget.Try),
                ("tries", budget.Tries),
                ("total", budget.Total)
            ),
        };
        lines.AddRange(
            rehearsal
                .Statements.SelectMany(s => s.Locks)
                .Where(l => !locked.Contains(l.Relation))
                .GroupBy(l => l.Mode, StringComparer.Ordinal)
                .Select(g =>
                    Message.Of(
                        "deployments.plan.lesser-locks",
                        ("mode", g.Key),
                        ("relations", string.Join(", ", g.Select(l => l.Relation).Distinct()))
                    )
                )
        );
        lines.AddRange(WorkUnderLocks.Of(request.Change.Section<Migration>(), rehearsal.Statements));
        if (budget.Blockers.Text is { } acts)
        {
            lines.Add(acts);
        }

        if (locked.Count > 0)
        {
            var blockers = await BlockerSearch.FindAsync(session, locked, cancellation).ConfigureAwait(false);
            lines.AddRange(blockers.Select(b => b.Text));
        }

        if (StandbyReplay.Told(await Standbys.ReadAsync(session, cancellation).ConfigureAwait(false)) is { } standbys)
        {
            lines.Add(standbys);
        }

        return lines;
    }

    /// <summary>What nobody can read meanwhile.</summary>
    internal static List<RelationName> Locked(IEnumerable<RehearsedStatement> statements) =>
        [
            .. statements
                .SelectMany(s => s.Locks)
                .Where(l => l.Mode == TakenLock.AccessExclusive)
                .Select(l => l.Relation)
                .Distinct(),
        ];

    private static IReadOnlyList<Message> WayBack(DeploymentRequest request, WayRehearsal rehearsal)
    {
        var more = Locked(rehearsal.BackStatements).Except(Locked(rehearsal.Statements)).ToList();
        IReadOnlyList<Message> heavier =
            more.Count == 0 ? [] : [Message.Of("deployments.plan.back-locks", ("relations", string.Join(", ", more)))];
        var chosen = rehearsal switch
        {
            { Problem: not null } => Message.Of("deployments.plan.unproven", ("method", rehearsal.Method)),
            { BackTook: { } took } => Message.Of(
                rehearsal.HeldOnTarget is null ? "deployments.plan.proven" : "deployments.plan.rehearsed-on-target",
                ("method", rehearsal.Method),
                ("took", took)
            ),
            _ => Message.Of("deployments.plan.by-backup"),
        };
        var gates = request.Change.Section<GateOptions>();
        return rehearsal.IsByRestore || gates.BackupLevel == GateLevel.Off
            ? [chosen, .. heavier]
            : [chosen, .. heavier, Message.Of("deployments.plan.backup-too")];
    }
}
