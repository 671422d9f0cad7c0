using System.Globalization;
using Npgsql;
using Tidelock.Backups.Dumps;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups.Restoring;

/// <summary>
/// Restores a backup into the database it came from, in place: one serial pg_restore in one transaction, so that either all of it
/// is there or nothing has changed. What was created after the backup and does not depend on what it holds stays. A backup that is too large
/// for that is restored by several jobs, and may stop halfway.
/// </summary>
/// <remarks>
/// <para><b>Exactly once, without a table of ours in the target.</b> <c>--clean</c> drops every relation of the dump and creates it
/// again, in one transaction, and a created relation has an oid that none had before. So the oids of the dump's relations are
/// journaled (<see cref="PrepareAsync"/>) before pg_restore starts, and afterwards the catalog tells: all of them changed, it was
/// committed; none changed, it was not; anything else was somebody else's doing and needs a person. The exit code of pg_restore
/// does not decide, because its connection may be lost exactly at COMMIT. Before the catalog is asked, no backend of the restore
/// may be left that could still commit: here by waiting for pg_restore to end and for its backend to go, after a crash of
/// Tidelock by the engine, which ends all backends of older epochs by their application name (the restore's is <c>tidelock/RUN/EPOCH/restore</c>).</para>
/// <para><b>Locks.</b> pg_restore sets lock_timeout and statement_timeout to 0 itself. A <see cref="RestoreWatch"/> ends a try that
/// waits longer than the budget allows; the transaction is gone with it and the next try begins anew. It also ends the wait of a
/// COMMIT for a synchronous standby that is away, which leaves the commit in effect here.</para>
/// <para><b>Schemas and extensions that are there stay</b> and are not dropped and created again: DROP SCHEMA would fail as soon as
/// anything newer lives in one, DROP EXTENSION needs rights that only their owner has.</para>
/// <para><b>After the commit</b> grants that default privileges added are revoked (where the manifest tells which), and the tables are
/// analyzed.</para>
/// <para><b>Several jobs</b> (<see cref="RestoreIntent.Jobs"/>) commit each statement by itself: nothing is ended for a lock, whoever is in the
/// way is told, and only pg_restore's own word that all went well, with new oids throughout, is a restore. Anything else is halfway, also what
/// was cut off by a crash; restoring again makes it whole.</para>
/// <para>An object created after the backup that depends on a restored one makes pg_restore fail with its name, and nothing is
/// changed: dropping what the backup does not know is a decision for a person.</para>
/// </remarks>
internal sealed class BackupRestorer(ClientPrograms clients, TimeProvider time)
{
    /// <summary>Told which process restores, to journal it: a later epoch ends it before it looks.</summary>
    public Func<StartedChild, Task>? OnStarted { get; init; }

    /// <summary>Called before each start of pg_restore, of which one that gets no lock may be followed by others.</summary>
    public Func<CancellationToken, Task> OnTrying { get; init; } = _ => Task.CompletedTask;

    /// <summary>Called first of all once the backup is there: others write again by then.</summary>
    public Func<CancellationToken, Task> OnRestored { get; init; } = _ => Task.CompletedTask;

    /// <summary>What else pg_restore is told.</summary>
    public IReadOnlyList<string> More { get; init; } = [];

    /// <summary>What of a dump is restored; all that is not there already, unless said otherwise.</summary>
    public Func<DumpList, PostgresSession, CancellationToken, Task<UseList>> Use { get; init; } = UseList.WriteAsync;

    /// <summary>What to journal before <see cref="RestoreAsync"/>: reads only.</summary>
    /// <exception cref="TidelockException"><c>backups.list-failed</c>, <c>backups.empty</c>.</exception>
    public async Task<RestoreIntent> PrepareAsync(
        Backup backup,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var list = await ListAsync(backup, cancellation).ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return new RestoreIntent(
            backup.Path,
            identity.DatabaseOid,
            await RelationsAsync(list, session, cancellation).ConfigureAwait(false)
        );
    }

    /// <summary>
    /// Restores, unless the catalog says that it is done already: after a crash call it again with the journaled intent.
    /// </summary>
    /// <param name="backup">A verified backup.</param>
    /// <param name="intent">From <see cref="PrepareAsync"/>, journaled.</param>
    /// <param name="target">The database.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>.</param>
    /// <param name="locks">How long one try may wait for a lock, how many tries, and how long they may take before one gets through.</param>
    /// <param name="report">Told when a try was given up, and who was in the way.</param>
    public async Task<RestoreResult> RestoreAsync(
        Backup backup,
        RestoreIntent intent,
        PostgresTarget target,
        string applicationName,
        LockBudget locks,
        Action<Message> report,
        CancellationToken cancellation
    )
    {
        var list = await ListAsync(backup, cancellation).ConfigureAwait(false);
        var started = time.GetTimestamp();
        if (intent.Jobs is { } jobs)
        {
            var (parallel, said) = await ByJobsAsync(
                    new RestoreTry(backup, list, target, applicationName, locks, jobs, report),
                    intent,
                    cancellation
                )
                .ConfigureAwait(false);
            return await EndedAsync(parallel, backup, target, applicationName, said, null, 1, started, cancellation)
                .ConfigureAwait(false);
        }

        var tries = 0;
        var (words, blocked) = ("", (Message?)null);
        var fate = await SettleAsync(backup, intent, target, applicationName, cancellation).ConfigureAwait(false);
        while (fate == RestoreFate.NotRestored)
        {
            tries++;
            (_, words, blocked) = await TryAsync(
                    new RestoreTry(backup, list, target, applicationName, locks, null, null),
                    cancellation
                )
                .ConfigureAwait(false);
            fate = await SettleAsync(backup, intent, target, applicationName, cancellation).ConfigureAwait(false);
            if (blocked is null || tries >= locks.Tries || time.GetElapsedTime(started) >= locks.Total)
            {
                break;
            }

            report(blocked);
            var pause = TimeSpan.FromMilliseconds(Math.Clamp(locks.Try.TotalMilliseconds * 4, 100, 1000));
            await Task.Delay(pause, time, cancellation).ConfigureAwait(false);
        }

        return await EndedAsync(fate, backup, target, applicationName, words, blocked, tries, started, cancellation)
            .ConfigureAwait(false);
    }

    private async Task<(RestoreFate Fate, string Words)> ByJobsAsync(
        RestoreTry one,
        RestoreIntent intent,
        CancellationToken cancellation
    )
    {
        var (succeeded, words, _) = await TryAsync(one, cancellation).ConfigureAwait(false);
        var fate = await SettleAsync(one.Backup, intent, one.Target, one.ApplicationName, cancellation)
            .ConfigureAwait(false);
        return (succeeded && fate == RestoreFate.Restored ? fate : RestoreFate.Halfway, words);
    }

    private async Task<RestoreResult> EndedAsync(
        RestoreFate fate,
        Backup backup,
        PostgresTarget target,
        string applicationName,
        string words,
        Message? blocked,
        int tries,
        long started,
        CancellationToken cancellation
    )
    {
        if (fate == RestoreFate.Restored)
        {
            await OnRestored(cancellation).ConfigureAwait(false);
            await FinishAsync(backup, target, applicationName, cancellation).ConfigureAwait(false);
        }

        var took = time.GetElapsedTime(started);
        return new RestoreResult(fate, Finding(fate, backup, target, words, blocked, tries, took), tries, took);
    }

    /// <summary>
    /// What became of a restore. Only to be asked when no backend of it is left: after a crash, once the engine has ended those of
    /// older epochs.
    /// </summary>
    public async Task<RestoreFate> FateAsync(
        Backup backup,
        RestoreIntent intent,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var list = await ListAsync(backup, cancellation).ConfigureAwait(false);
        var now = await RelationsAsync(list, session, cancellation).ConfigureAwait(false);
        return Compare(intent.Relations, now);
    }

    internal static RestoreFate Compare(IReadOnlyList<RestoredRelation> before, IReadOnlyList<RestoredRelation> now)
    {
        if (before.ToHashSet().SetEquals(now))
        {
            return RestoreFate.NotRestored;
        }

        var oids = before.Select(r => r.Oid).ToHashSet();
        var names = now.Select(r => (r.Schema, r.Name)).ToHashSet();
        return now.All(r => !oids.Contains(r.Oid)) && before.All(r => names.Contains((r.Schema, r.Name)))
            ? RestoreFate.Restored
            : RestoreFate.Unknown;
    }

    /// <summary>What one transaction of pg_restore cannot do. It may run twice.</summary>
    private static async Task FinishAsync(
        Backup backup,
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);

        // A synchronous standby that is away must not hold this up: it gets there with the next commit.
        await session.ExecuteAsync("set synchronous_commit = local", cancellation).ConfigureAwait(false);
        if (backup.Manifest is { } manifest)
        {
            await AddedGrants.RevokeAsync(session, manifest, cancellation).ConfigureAwait(false);
        }

        // New tables have no statistics, and the first queries after a restore must not be planned without any.
        await using var analyze = new NpgsqlCommand("analyze", session.Connection) { CommandTimeout = 0 };
        await analyze.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>The fate, once no backend of this epoch's restore is left that could change it.</summary>
    private async Task<RestoreFate> SettleAsync(
        Backup backup,
        RestoreIntent intent,
        PostgresTarget target,
        string applicationName,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);
        await RestoreBackends.EndAsync(session, applicationName, time, cancellation).ConfigureAwait(false);
        return await FateAsync(backup, intent, session, cancellation).ConfigureAwait(false);
    }

    /// <summary>One start of pg_restore.</summary>
    /// <param name="Jobs">Null for one transaction.</param>
    /// <param name="Tell">Told who is in the way; null where the start is given up for that.</param>
    private sealed record RestoreTry(
        Backup Backup,
        DumpList List,
        PostgresTarget Target,
        string ApplicationName,
        LockBudget Locks,
        int? Jobs,
        Action<Message>? Tell
    );

    private async Task<(bool Succeeded, string Words, Message? Blocked)> TryAsync(
        RestoreTry one,
        CancellationToken cancellation
    )
    {
        await OnTrying(cancellation).ConfigureAwait(false);
        var target = one.Target;
        await using var session = await PostgresSession
            .OpenAsync(target, one.ApplicationName, cancellation)
            .ConfigureAwait(false);
        var child = RestoreBackends.NameOf(one.ApplicationName);
        var watch = new RestoreWatch(session, child, one.Locks.Try, time) { Tell = one.Tell };
        using var use = await Use(one.List, session, cancellation).ConfigureAwait(false);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new ChildProgram(
            clients.PgRestore,
            [
                "--clean",
                "--if-exists",
                "--exit-on-error",
                .. More,
                one.Jobs is { } jobs
                    ? string.Create(CultureInfo.InvariantCulture, $"--jobs={jobs}")
                    : "--single-transaction",
                "--use-list=" + use.Path,
                "--dbname=" + target.DatabaseArgument,
                "--no-password",
                one.Backup.Dump,
            ],
            target.LibpqEnvironment(child)
        )
        {
            OnStarted = OnStarted,
        }.RunAsync(both.Token);
        try
        {
            await watch.WatchAsync(running, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await both.CancelAsync().ConfigureAwait(false);
            await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        var ended = await running.ConfigureAwait(false);
        return (ended.Succeeded, ended.LastWords, watch.Blocked);
    }

    private async Task<DumpList> ListAsync(Backup backup, CancellationToken cancellation)
    {
        var (list, result) = await DumpList.ReadAsync(clients, backup.Dump, cancellation).ConfigureAwait(false);
        var problem =
            list is null ? Message.Of("backups.list-failed", ("path", backup.Path), ("words", result.LastWords))
            : list.CreatesRelations ? null
            : Message.Of("backups.empty", ("path", backup.Path));
        return problem is null ? list! : throw new TidelockException(problem, ExitCode.NeedsPerson);
    }

    private static async Task<IReadOnlyList<RestoredRelation>> RelationsAsync(
        DumpList list,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var all = await session
            .QueryAsync(
                """
                select n.nspname::text, c.relname::text, c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and c.relpersistence <> 't' and n.nspname !~ '^pg_'
                order by 1, 2
                """,
                r => new RestoredRelation(r.GetString(0), r.GetString(1), r.GetFieldValue<uint>(2)),
                cancellation
            )
            .ConfigureAwait(false);
        return [.. all.Where(r => list.Creates(r.Schema, r.Name))];
    }

    private static Message Finding(
        RestoreFate fate,
        Backup backup,
        PostgresTarget target,
        string words,
        Message? blocked,
        int tries,
        TimeSpan took
    ) =>
        fate switch
        {
            RestoreFate.Restored => Message.Of(
                "backups.restore.done",
                ("path", backup.Path),
                ("target", target),
                ("took", took)
            ),
            RestoreFate.Halfway => Message.Of("backups.restore.halfway", ("target", target), ("words", words)),
            RestoreFate.Unknown => Message.Of("backups.restore.unknown", ("path", backup.Path), ("target", target)),
            RestoreFate.NotRestored when blocked is not null => Message.Of(
                "backups.restore.gave-up",
                ("target", target),
                ("tries", tries),
                ("took", took),
                ("last", blocked)
            ),
            RestoreFate.NotRestored => Message.Of("backups.restore.failed", ("target", target), ("words", words)),
        };
}
