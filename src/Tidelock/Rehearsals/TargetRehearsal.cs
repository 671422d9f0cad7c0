using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// Goes there and back on the target itself, in one transaction that is always rolled back, within the lock budget and for a few seconds at
/// most: for machines that cannot hold a copy of the schema.
/// </summary>
internal sealed class TargetRehearsal(
    Change change,
    PostgresTarget target,
    MigrationTransaction transaction,
    TimeProvider time
)
{
    private readonly Migration migration = change.Section<Migration>();

    /// <param name="copyless">Why there is no copy.</param>
    public async Task<WayRehearsal> RunAsync(WayRehearsal copyless, CancellationToken cancellation)
    {
        if (migration is not (ViewMigration or SqlMigration))
        {
            return copyless with { Problem = Problem("rehearsals.target.kind") };
        }

        await using var session = await PostgresSession
            .OpenAsync(target, SchemaCopy.ApplicationName, cancellation)
            .ConfigureAwait(false);
        var found = copyless.Relation is null
            ? null
            : await ClosureCapture.CaptureAsync(session, copyless.Relation, cancellation).ConfigureAwait(false);
        if (found is CaptureResult.NotAView other)
        {
            var problem = Message.Of("relations.not-a-view", ("relation", copyless.Relation), ("kind", other.Kind));
            return copyless with { Problem = problem };
        }

        if (Untried(found?.ClosureOrNull) is { } untried)
        {
            return copyless with { Problem = Message.Of("rehearsals.target.problem", ("reason", untried)) };
        }

        var start = copyless with { Before = found?.ClosureOrNull, Problem = null, NoCopy = false };
        var move = new TargetMove(change, start, time);
        var outcome = await transaction
            .RunAsync(
                session,
                move,
                migration.Locks,
                static (_, _) => Task.CompletedTask,
                null,
                static _ => { },
                cancellation
            )
            .ConfigureAwait(false);
        var result = move.Result with { HeldOnTarget = move.UnderWay };
        return outcome switch
        {
            _ when move.Done => await JudgedAsync(session, result, cancellation).ConfigureAwait(false),
            MigrationOutcome.LockNotGranted => result with
            {
                NoCopy = true,
                Problem = Message.Of("rehearsals.target.problem", ("reason", outcome.Finding)),
            },
            _ => result with { Problem = Message.Of("rehearsals.target.problem", ("reason", outcome.Finding)) },
        };
    }

    /// <summary>What was read in the transaction, compared after it: fix-points are made in transactions of their own.</summary>
    private async Task<WayRehearsal> JudgedAsync(
        PostgresSession session,
        WayRehearsal result,
        CancellationToken cancellation
    )
    {
        result = result with
        {
            Differences = await ClosureComparison
                .DifferencesAsync(session, result.Before, result.After, cancellation)
                .ConfigureAwait(false),
        };
        return result with { Problem = result.Problem ?? CopyRehearsal.Surprises(result, change.Section<Migration>()) };
    }

    /// <summary>Why the change is not tried on the target: it would fill a materialized view there, or do what no rollback takes back.</summary>
    private Message? Untried(RelationClosure? before)
    {
        var filled = (before?.All ?? []).Where(r => r.IsFilled).Select(r => r.Name).ToList();
        if (filled.Count > 0)
        {
            return Message.Of("rehearsals.target.filled", ("views", string.Join(", ", filled)));
        }

        IEnumerable<ChangeFile?> files = [(migration as SqlMigration)?.Up, migration.Down];
        return files.OfType<ChangeFile>().Select(LastingEffect.Find).FirstOrDefault(m => m is not null);
    }

    private static Message Problem(string code) =>
        Message.Of("rehearsals.target.problem", ("reason", Message.Of(code)));
}
