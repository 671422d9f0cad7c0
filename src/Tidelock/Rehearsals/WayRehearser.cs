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
/// Rehearses a change and its way back on a copy of the target's schema. What was rehearsed for the same digest, database and closure
/// is remembered, so that a checklist that is shown and then evaluated does it once.
/// </summary>
public sealed class WayRehearser
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<string, WayRehearsal> known = new(StringComparer.Ordinal);
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
        if (result.Relation is null)
        {
            return await LimitedAsync(result, change, session, identity.Major, cancellation).ConfigureAwait(false);
        }

        var there = await ClosureCapture.CaptureAsync(session, result.Relation, cancellation).ConfigureAwait(false);
        var key = Key(change, result.Method, identity, there.ClosureOrNull);
        if (known.TryGetValue(key, out var earlier))
        {
            return earlier;
        }

        result = await LimitedAsync(result, change, session, identity.Major, cancellation).ConfigureAwait(false);
        if (result.ForwardTook is not null)
        {
            known[key] = result;
        }

        return result;
    }

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

    private async Task<WayRehearsal> LimitedAsync(
        WayRehearsal result,
        Change change,
        PostgresSession session,
        int major,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            if (change.Section<Migration>() is ToolMigration tool)
            {
                result = await ToolRehearsal.AskAsync(tool, session, result, both.Token).ConfigureAwait(false);
                if (result.Problem is not null)
                {
                    return result;
                }
            }

            var clients = await programs.FindAsync(major, both.Token).ConfigureAwait(false);
            var (copy, problem) = await SchemaCopy
                .MakeAsync(session, clients, major, Staging(change), both.Token)
                .ConfigureAwait(false);
            if (copy is null)
            {
                return result with
                {
                    Problem = problem,
                    NoCopy =
                        problem!.Code
                            is "rehearsals.old-server"
                                or "rehearsals.extensions"
                                or "rehearsals.staging.neither",
                };
            }

            await using (copy)
            {
                if (
                    change.Section<Migration>() is ToolMigration { Records: { Count: > 0 } records }
                    && await copy.CopyRowsAsync(session.Target, records, both.Token).ConfigureAwait(false) is { } unread
                )
                {
                    return result with { Problem = unread };
                }

                result = await new CopyRehearsal(copy, change, transaction, time)
                    .RunAsync(result, both.Token)
                    .ConfigureAwait(false);
                return result with { Warnings = [.. result.Warnings, .. copy.Notes] };
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return result with { Problem = Message.Of("rehearsals.timeout", ("limit", Limit)) };
        }
        catch (TidelockException e) when (IsOfThisMachine(e))
        {
            return result with { Problem = Message.Of("rehearsals.impossible", ("reason", e.Problem)), NoCopy = true };
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

    private static string Key(Change change, string method, ServerIdentity identity, RelationClosure? there)
    {
        var closure = there is null
            ? []
            : JsonSerializer.SerializeToUtf8Bytes(there, RelationsJson.Default.RelationClosure);
        return string.Join(
            '|',
            change.Digest,
            method,
            identity.SystemIdentifier,
            identity.DatabaseOid,
            Convert.ToHexStringLower(SHA256.HashData(closure))
        );
    }
}
