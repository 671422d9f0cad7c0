using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>
/// Whether a run's change is in place, asked of the database itself where the journal does not know: after a failover, which may have lost
/// a commit, and after a run that ended without knowing. A tool's own record and the catalogs answer for what they know of; for the rest
/// the relation answers, with all that hangs on it.
/// </summary>
/// <param name="Where">How it stands.</param>
/// <param name="Finding">For people: by what that was told, or what is different.</param>
internal sealed record Standing(Whereabouts Where, Message Finding)
{
    private const string MigrateStep = "migrate";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Asks. What an earlier start of a tool left running is ended first, and what a statement left half done is dropped.</summary>
    public static async Task<Standing> AskAsync(StepContext context, CancellationToken cancellation)
    {
        var migrate = context.As(MigrateStep);
        return context.Change.Section<Migration>() switch
        {
            ToolMigration tool => Of(
                await new ToolOnce(context, tool).StandsAsync(cancellation).ConfigureAwait(false),
                context
            ),
            StatementsMigration file => Of(
                await new StatementsOnce(migrate, file.Up, file.Locks)
                    .StandsAsync(StatementDirection.There, cancellation)
                    .ConfigureAwait(false),
                context
            ),
            var one => await OfTransactionAsync(migrate, one, cancellation).ConfigureAwait(false),
        };
    }

    /// <summary>What it means to whoever goes there: null to make the move.</summary>
    public MigrationOutcome? Forward(string transaction) =>
        Where switch
        {
            Whereabouts.Wanted => new MigrationOutcome.Applied(transaction, 1, TimeSpan.Zero, TimeSpan.Zero, Finding),
            Whereabouts.Before => null,
            Whereabouts.Elsewhere or Whereabouts.Untold => new MigrationOutcome.Unknown(transaction, Finding),
        };

    private static Standing Of(MigrationOutcome? outcome, StepContext context) =>
        outcome switch
        {
            null or MigrationOutcome.Failed => new(
                Whereabouts.Before,
                outcome?.Finding ?? Message.Of("rollbacks.standing.not-begun", ("target", context.Target))
            ),
            MigrationOutcome.Applied => new(Whereabouts.Wanted, outcome.Finding),
            MigrationOutcome.Halfway => new(Whereabouts.Elsewhere, outcome.Finding),
            _ => new(Whereabouts.Untold, outcome.Finding),
        };

    private static async Task<Standing> OfTransactionAsync(
        StepContext migrate,
        Migration migration,
        CancellationToken cancellation
    )
    {
        await using var session = await migrate.OpenAsync(cancellation).ConfigureAwait(false);
        var last = migrate.Fact("try", MigrationsJson.Default.MigrationTry);
        if (last is null)
        {
            return new(Whereabouts.Before, Message.Of("rollbacks.standing.not-begun", ("target", migrate.Target)));
        }

        // A commit that is known says nothing any more once it was taken back.
        var fate = migrate.State.RevertedAt is not null
            ? TransactionFate.Unknown
            : await TransactionFates
                .AskAsync(session, last, Patience, migrate.Time, cancellation)
                .ConfigureAwait(false);
        return fate switch
        {
            TransactionFate.Committed => new(
                Whereabouts.Wanted,
                Message.Of("runs.found-committed", ("transaction", last.TransactionId))
            ),
            TransactionFate.Aborted => new(
                Whereabouts.Before,
                Message.Of("rollbacks.standing.aborted", ("transaction", last.TransactionId))
            ),
            TransactionFate.InProgress => new(
                Whereabouts.Untold,
                Message.Of("runs.fate-unknown", ("transaction", last.TransactionId), ("target", migrate.Target))
            ),
            TransactionFate.Unknown => await OfRelationAsync(migrate, session, migration, cancellation)
                .ConfigureAwait(false),
        };
    }

    private static async Task<Standing> OfRelationAsync(
        StepContext context,
        PostgresSession session,
        Migration migration,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.Of(context) is not { } baseline)
        {
            return new(Whereabouts.Untold, Message.Of("rollbacks.standing.no-relation", ("target", context.Target)));
        }

        var now = (
            await ClosureCapture.CaptureAsync(session, baseline.Relation, cancellation).ConfigureAwait(false)
        ).ClosureOrNull;
        var differences = await ClosureComparison
            .DifferencesAsync(session, baseline.Closure, now, cancellation)
            .ConfigureAwait(false);
        var verified = context.As("verify").Fact(RunBaseline.Fact, RollbacksJson.Default.RunBaseline);
        var isWanted = verified is not null
            ? await IsAsVerifiedAsync(session, verified, now, cancellation).ConfigureAwait(false)
            : await IsWantedAsync(context, session, migration, baseline, differences, now, cancellation)
                .ConfigureAwait(false);
        var where = (isWanted, differences.Count == 0) switch
        {
            (true, true) when migration is not ViewMigration => Whereabouts.Untold,
            (true, _) => Whereabouts.Wanted,
            (false, true) => Whereabouts.Before,
            (false, false) => Whereabouts.Elsewhere,
        };
        return new(where, Words(where, baseline.Relation, differences));
    }

    private static Message Words(
        Whereabouts where,
        RelationName relation,
        IReadOnlyList<ClosureDifference> differences
    ) =>
        where switch
        {
            Whereabouts.Before => Message.Of("rollbacks.standing.before", ("relation", relation)),
            Whereabouts.Wanted => Message.Of("rollbacks.standing.wanted", ("relation", relation)),
            Whereabouts.Untold => Message.Of("rollbacks.standing.not-shown", ("relation", relation)),
            Whereabouts.Elsewhere => Message.Of(
                "rollbacks.standing.elsewhere",
                ("relation", relation),
                ("count", differences.Count),
                ("differences", Several.Of(differences.Texts()))
            ),
        };

    private static async Task<bool> IsAsVerifiedAsync(
        PostgresSession session,
        RunBaseline verified,
        RelationClosure? now,
        CancellationToken cancellation
    ) =>
        (
            await ClosureComparison.DifferencesAsync(session, verified.Closure, now, cancellation).ConfigureAwait(false)
        ).Count == 0;

    /// <summary>
    /// Whether the relation is what the change was to make of it, before that was verified: nothing else is another, and a view has the
    /// author's definition; of SQL by hand the contract says which columns there must be, where it has changed them.
    /// </summary>
    private static async Task<bool> IsWantedAsync(
        StepContext context,
        PostgresSession session,
        Migration migration,
        RunBaseline baseline,
        IReadOnlyList<ClosureDifference> differences,
        RelationClosure? now,
        CancellationToken cancellation
    )
    {
        if (now is null || ClosureComparison.Unexpected(differences, baseline.Relation).Count > 0)
        {
            return false;
        }

        if (migration is ViewMigration view)
        {
            return await view.IsDefinedAsync(session, now.Relation.Definition, cancellation).ConfigureAwait(false);
        }

        var contract = context.Change.Section<Contract>();
        var showsInColumns = differences.Any(d =>
            d.Relation == contract.Relation && d.Part is ClosurePart.Column or ClosurePart.Existence
        );
        return showsInColumns
            && (await ContractVerifier.ShapeAsync(session, contract, cancellation).ConfigureAwait(false)).Count == 0;
    }
}

/// <summary>Where a database stands on the way of a change.</summary>
internal enum Whereabouts
{
    /// <summary>As before the change.</summary>
    Before,

    /// <summary>As the change was to make it.</summary>
    Wanted,

    /// <summary>Between the two, or somewhere else.</summary>
    Elsewhere,

    /// <summary>Nothing that could be asked shows it.</summary>
    Untold,
}
