using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// Rehearses a change and its way back on a copy of the target's schema. What was rehearsed for the same digest, database, schema and
/// place where a tool stands is remembered, so that a checklist that is shown and then evaluated does it once.
/// </summary>
public sealed class WayRehearser
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Another one as soon as a table, view, column, function, type, index or what hangs on them is made, changed or dropped.</summary>
    private const string Schema = """
        select concat_ws(' ',
          (select sum(hashtextextended(concat_ws(' ', c.oid, c.xmin, a.attnum, a.xmin), 0))
           from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_attribute a on a.attrelid = c.oid
           where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema')),
          (select sum(hashtextextended(concat_ws(' ', p.oid, p.xmin), 0)) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname not in ('pg_catalog', 'information_schema')),
          (select sum(hashtextextended(concat_ws(' ', x.oid, x.xmin), 0))
           from (select oid, xmin, polrelid as rel from pg_policy union all select oid, xmin, tgrelid from pg_trigger
             union all select oid, xmin, ev_class from pg_rewrite union all select oid, xmin, conrelid from pg_constraint
             union all select oid, xmin, adrelid from pg_attrdef union all select indexrelid, xmin, indrelid from pg_index
             union all select t.oid, t.xmin, 0::oid from pg_type t join pg_namespace n on n.oid = t.typnamespace where n.nspname !~ '^pg_temp_') x
           where x.oid >= 16384 and not exists (select from pg_class c where c.oid = x.rel and c.relpersistence = 't')))
        """;

    private readonly ConcurrentDictionary<string, WayRehearsal> known = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Digest, string System, uint Database), WayRehearsal> newest = new();
    private readonly BackupPrograms programs;
    private readonly MigrationTransaction transaction;
    private readonly TimeProvider time;

    internal WayRehearser(BackupPrograms programs, MigrationTransaction transaction, TimeProvider time) =>
        (this.programs, this.transaction, this.time) = (programs, transaction, time);

    /// <summary>Reads the target, changes nothing there. Whatever keeps it from being rehearsed is its problem.</summary>
    /// <exception cref="TidelockException">The target is lost.</exception>
    public async Task<WayRehearsal> RehearseAsync(Change change, PostgresTarget target, CancellationToken cancellation)
    {
        await using var session = await PostgresSession
            .OpenAsync(target, SchemaCopy.ApplicationName, cancellation)
            .ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        var result = new WayRehearsal(change.Section<RollbackOptions>().Method, RunBaseline.RelationOf(change))
        {
            Account = change.Section<Migration>() is StatementsMigration file ? file.Account() : [],
        };
        if (change.Section<Migration>() is ToolMigration tool)
        {
            var start = result;
            result = await LimitedAsync(
                    start,
                    token => ToolRehearsal.AskAsync(tool, session, start, token),
                    cancellation
                )
                .ConfigureAwait(false);
            if (result.Problem is not null)
            {
                return result;
            }
        }

        var there = result.Relation is null
            ? null
            : await ClosureCapture.CaptureAsync(session, result.Relation, cancellation).ConfigureAwait(false);
        var schema = await session.ScalarAsync<string>(Schema, cancellation).ConfigureAwait(false);
        var key = Key(change, result, identity, there?.ClosureOrNull, schema!);
        if (!known.TryGetValue(key, out var rehearsed))
        {
            rehearsed = await OnCopyAsync(result, change, session, identity.Major, cancellation).ConfigureAwait(false);
            if (rehearsed.ForwardTook is not null)
            {
                known[key] = rehearsed;
            }
        }

        newest[Database(change, identity)] = rehearsed;
        return rehearsed;
    }

    /// <summary>What this program found last of a change and a database; null where it has not been asked.</summary>
    public WayRehearsal? Newest(Change change, ServerIdentity identity) =>
        newest.GetValueOrDefault(Database(change, identity));

    private static (string, string, uint) Database(Change change, ServerIdentity identity) =>
        (change.Digest, identity.SystemIdentifier, identity.DatabaseOid);

    /// <summary>
    /// Rehearses on the target itself what could not be rehearsed on a copy: in a transaction that is rolled back, within the lock budget.
    /// </summary>
    /// <exception cref="TidelockException">The target is lost.</exception>
    public Task<WayRehearsal> OnTargetAsync(
        Change change,
        PostgresTarget target,
        WayRehearsal copyless,
        CancellationToken cancellation
    ) => new TargetRehearsal(change, target, transaction, time).RunAsync(copyless, cancellation);

    private Task<WayRehearsal> OnCopyAsync(
        WayRehearsal start,
        Change change,
        PostgresSession session,
        int major,
        CancellationToken cancellation
    ) => LimitedAsync(start, token => CopiedAsync(start, change, session, major, token), cancellation);

    private async Task<WayRehearsal> CopiedAsync(
        WayRehearsal start,
        Change change,
        PostgresSession session,
        int major,
        CancellationToken cancellation
    )
    {
        var (copy, problem) = await SchemaCopy
            .MakeAsync(session, programs, major, Staging(change), cancellation)
            .ConfigureAwait(false);
        if (copy is null)
        {
            return start with
            {
                Problem = problem,
                NoCopy =
                    problem!.Code is "rehearsals.old-server" or "rehearsals.extensions" or "rehearsals.staging.neither",
            };
        }

        await using (copy)
        {
            if (
                change.Section<Migration>() is ToolMigration { Records: { Count: > 0 } records }
                && await copy.CopyRowsAsync(session.Target, records, cancellation).ConfigureAwait(false) is { } unread
            )
            {
                return start with { Problem = unread };
            }

            var result = await new CopyRehearsal(copy, change, transaction, time)
                .RunAsync(start, cancellation)
                .ConfigureAwait(false);
            return result with { Warnings = [.. result.Warnings, .. copy.Notes] };
        }
    }

    private async Task<WayRehearsal> LimitedAsync(
        WayRehearsal start,
        Func<CancellationToken, Task<WayRehearsal>> run,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await run(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return start with { Problem = Message.Of("rehearsals.timeout", ("limit", Limit)) };
        }
        catch (TidelockException e) when (IsOfThisMachine(e))
        {
            return start with { Problem = Message.Of("rehearsals.impossible", ("reason", e.Problem)), NoCopy = true };
        }
    }

    /// <summary>Whose server may have the extensions this machine lacks. A tool would connect there by itself, and is not let to.</summary>
    private static string? Staging(Change change) =>
        change.Section<Migration>() is ToolMigration
            ? null
            : change.Environments.FirstOrDefault(e => e.Name == "staging")?.Database;

    /// <summary>Missing programs, or a throwaway server that does not start: unknown, and so not passed.</summary>
    private static bool IsOfThisMachine(TidelockException e) =>
        e.Problem.Code.StartsWith("postgres.programs.", StringComparison.Ordinal)
        || e.Problem.Code.StartsWith("postgres.cluster.", StringComparison.Ordinal)
        || e.Problem.Code.StartsWith("programs.", StringComparison.Ordinal);

    private static string Key(
        Change change,
        WayRehearsal asked,
        ServerIdentity identity,
        RelationClosure? there,
        string schema
    )
    {
        var closure = there is null
            ? []
            : JsonSerializer.SerializeToUtf8Bytes(there, RelationsJson.Default.RelationClosure);
        return string.Join(
            '|',
            change.Digest,
            asked.Method,
            asked.Path,
            schema,
            identity.SystemIdentifier,
            identity.DatabaseOid,
            Convert.ToHexStringLower(SHA256.HashData(closure))
        );
    }
}
