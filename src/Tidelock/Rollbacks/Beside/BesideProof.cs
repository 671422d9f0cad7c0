using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>
/// Whether a restored database is what it should be, before anybody gets to see it: the rows that the backup counted, the relation with all
/// that hangs on it as before the change, and that it can be read. Then it gets its statistics.
/// </summary>
internal static class BesideProof
{
    private const int Read = 100;

    /// <param name="context">Of the run.</param>
    /// <param name="target">The restored database.</param>
    /// <param name="backup">What was restored.</param>
    /// <param name="oid">Its oid.</param>
    /// <param name="cancellation">Ends it; it may be done again.</param>
    /// <returns>What is wrong with it; null for nothing.</returns>
    public static async Task<Message?> ProveAsync(
        StepContext context,
        PostgresTarget target,
        Backup backup,
        uint oid,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, context.ApplicationName, cancellation)
            .ConfigureAwait(false);
        await session
            .ExecuteAsync("set default_transaction_read_only = off; set synchronous_commit = off", cancellation)
            .ConfigureAwait(false);
        context.Report(Message.Of("rollbacks.beside.proving", ("name", target.Database)));
        await using (var analyze = new NpgsqlCommand("analyze", session.Connection) { CommandTimeout = 0 })
        {
            await analyze.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }

        var problem =
            await CountsAsync(session, backup, cancellation).ConfigureAwait(false)
            ?? await ClosureAsync(context, session, cancellation).ConfigureAwait(false)
            ?? await ReadableAsync(context, session, cancellation).ConfigureAwait(false);
        if (problem is null)
        {
            await ChecksAsync(context, target, session, cancellation).ConfigureAwait(false);
            await context
                .RecordAsync(
                    BesideFacts.Proven,
                    new BesideProven(
                        oid,
                        await TableStates.EpochAsync(session, cancellation).ConfigureAwait(false),
                        await TablesAsync(session, backup, cancellation).ConfigureAwait(false)
                    )
                    {
                        Others = await TableStates.OthersAsync(session, cancellation).ConfigureAwait(false),
                    },
                    RollbacksJson.Default.BesideProven,
                    cancellation
                )
                .ConfigureAwait(false);
        }

        return problem;
    }

    /// <summary>As they are now, with the rows that were just found to be those of the backup.</summary>
    private static async Task<IReadOnlyList<TableState>> TablesAsync(
        PostgresSession session,
        Backup backup,
        CancellationToken cancellation
    )
    {
        var rows = (backup.Manifest?.Tables ?? []).ToDictionary(t => (t.Schema, t.Name), t => t.Rows);
        var tables = await TableStates.ReadAsync(session, cancellation).ConfigureAwait(false);
        return [.. tables.Select(t => t with { Rows = rows.GetValueOrDefault((t.Schema, t.Name)) })];
    }

    private static async Task<Message?> CountsAsync(
        PostgresSession session,
        Backup backup,
        CancellationToken cancellation
    )
    {
        foreach (var table in (backup.Manifest?.Tables ?? []).Where(t => t.Rows is not null))
        {
            var rows = await TableStates.CountAsync(session, table, cancellation).ConfigureAwait(false);
            if (rows != table.Rows)
            {
                return Message.Of(
                    "rollbacks.beside.rows",
                    ("table", new RelationName(table.Schema, table.Name)),
                    ("rows", rows),
                    ("expected", table.Rows)
                );
            }
        }

        return null;
    }

    private static async Task<Message?> ClosureAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.Of(context) is not { } baseline)
        {
            return null;
        }

        var differences = await baseline.DifferencesAsync(session, cancellation).ConfigureAwait(false);
        return differences.Count == 0
            ? null
            : Message.Of(
                "rollbacks.beside.different",
                ("relation", baseline.Relation),
                ("count", differences.Count),
                ("differences", Several.Of(differences.Texts()))
            );
    }

    private static async Task<Message?> ReadableAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.Of(context) is not { Closure: not null, Relation: var relation })
        {
            return null;
        }

        try
        {
            await session
                .ExecuteAsync(
                    FormattableString.Invariant(
                        $"set statement_timeout = '60s'; select * from {relation.Sql} limit {Read}"
                    ),
                    cancellation
                )
                .ConfigureAwait(false);
            return null;
        }
        catch (PostgresException e)
        {
            return Message.Of(
                "rollbacks.beside.unreadable",
                ("relation", relation),
                ("reason", e.MessageText),
                ("code", e.SqlState)
            );
        }
        finally
        {
            await session.ExecuteAsync("set statement_timeout = 0", CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>The contract and the smoke checks are of the new state: what of them does not hold of the old one is told and is no fault.</summary>
    private static async Task ChecksAsync(
        StepContext context,
        PostgresTarget target,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var drift = await ContractVerifier
            .ShapeAsync(session, context.Change.Section<Contract>(), cancellation)
            .ConfigureAwait(false);
        var checks = context.Change.Section<SmokeChecks>().Checks.OfType<SqlCheck>().ToList();
        using var http = new HttpClient();
        var ground = new CheckGround(
            c => PostgresSession.OpenAsync(target, context.ApplicationName, c),
            http,
            context.Change.Folder,
            target.LibpqEnvironment(context.ApplicationName),
            null,
            context.Time
        );
        var results = await CheckRunner.RunAsync(checks, ground, context.Report, cancellation).ConfigureAwait(false);
        foreach (var result in results)
        {
            await context
                .RecordAsync("beside: " + result.Name, result, RollbacksJson.Default.CheckResult, cancellation)
                .ConfigureAwait(false);
        }

        context.Report(
            Message.Of(
                "rollbacks.beside.checked",
                ("drift", drift.Count),
                ("held", results.Count(r => r.Passed)),
                ("checks", results.Count)
            )
        );
    }
}
