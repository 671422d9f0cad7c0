using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Restoring;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>
/// The database a run restores into, beside the one that is in use. After a crash one that is whole is kept, and one that is not is dropped
/// and made again: only a database of this run's name and without a comment of somebody else's.
/// </summary>
internal sealed class BesideDatabase(StepContext context, PostgresSession outside, ClientPrograms clients)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    public string Name { get; } = SwapPlan.BesideOf(context.Run.Value);

    public PostgresTarget Target => context.Target.WithDatabase(Name);

    /// <summary>Whether it was begun: then the name is ours.</summary>
    public bool IsBegun => Begun is not null;

    private BesideBegun? Begun => context.Fact(BesideFacts.Begun, RollbacksJson.Default.BesideBegun);

    private string Mark => "tidelock " + context.Run.Value;

    /// <summary>Restores, unless that is done already.</summary>
    /// <param name="backup">Verified.</param>
    /// <param name="model">The database in use, whose properties it gets.</param>
    /// <param name="jobs">Of pg_restore.</param>
    /// <param name="cancellation">Ends it; what is there then is dropped by the next try.</param>
    /// <returns>What was restored, or why not.</returns>
    public async Task<(BesideRestored? Restored, Message? Problem)> RestoreAsync(
        Backup backup,
        DatabaseProperties model,
        int jobs,
        CancellationToken cancellation
    )
    {
        if (context.Fact(BesideFacts.Child, RollbacksJson.Default.StartedChild) is { } child)
        {
            // Its connections are ended with the database or were ended with the older epochs; it could open new ones.
            await child.EndAsync(Grace, context.Time, cancellation).ConfigureAwait(false);
        }

        var there = await FindAsync(cancellation).ConfigureAwait(false);
        if (
            context.Fact(BesideFacts.Restored, RollbacksJson.Default.BesideRestored) is { } restored
            && there?.Oid == restored.Oid
            && context.State.Identity!.Timeline == restored.Timeline
            && Begun?.Backup == backup.Path
        )
        {
            return (restored, null);
        }

        if (there?.Comment is { } comment && comment != Mark)
        {
            return (null, Message.Of("rollbacks.beside.foreign", ("name", Name), ("comment", comment)));
        }

        if (there is not null)
        {
            await outside
                .ExecuteAsync($"drop database {Identifiers.Quote(Name)} with (force)", cancellation)
                .ConfigureAwait(false);
        }

        if (await LackingAsync(backup, cancellation).ConfigureAwait(false) is { } lacking)
        {
            return (null, lacking);
        }

        var oid = await MakeAsync(backup, model, cancellation).ConfigureAwait(false);
        return await FillAsync(backup, oid, jobs, cancellation).ConfigureAwait(false);
    }

    /// <summary>A disk that is full under the log stops the server, and with it the database in use: nobody finds that out by trying.</summary>
    private async Task<Message?> LackingAsync(Backup backup, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var room = await ServerRoom
            .LookAsync(session, backup.Manifest?.DatabaseSize, cancellation)
            .ConfigureAwait(false);
        return room.Lacking;
    }

    private async Task<DatabaseProperties?> FindAsync(CancellationToken cancellation)
    {
        const string sql = "select coalesce((select oid from pg_database where datname = $1), 0::oid)";
        var oid = await outside
            .ScalarAsync<uint>(sql, cancellation, new NpgsqlParameter { Value = Name })
            .ConfigureAwait(false);
        return await DatabaseProperties.ReadAsync(outside, oid, cancellation).ConfigureAwait(false);
    }

    private async Task<uint> MakeAsync(Backup backup, DatabaseProperties model, CancellationToken cancellation)
    {
        await context
            .RecordAsync(
                BesideFacts.Begun,
                new BesideBegun(Name, backup.Path),
                RollbacksJson.Default.BesideBegun,
                cancellation
            )
            .ConfigureAwait(false);
        context.Report(Message.Of("rollbacks.beside.making", ("name", Name)));
        await DatabaseCopying.CreateAsync(outside, model, Name, cancellation).ConfigureAwait(false);
        await outside.ExecuteAsync(MarkSql, cancellation).ConfigureAwait(false);

        // Before there is anything in it: nobody may read of it what he may not read of the other.
        var made = (await FindAsync(cancellation).ConfigureAwait(false))!;
        await DatabaseCopying.ApplyAsync(outside, model, made.Oid, cancellation).ConfigureAwait(false);

        // The limit would be the restore's too; it is given again before the swap.
        await outside
            .ExecuteAsync($"alter database {Identifiers.Quote(Name)} with connection limit -1", cancellation)
            .ConfigureAwait(false);
        await context
            .RecordAsync(BesideFacts.Made, new BesideMade(made.Oid), RollbacksJson.Default.BesideMade, cancellation)
            .ConfigureAwait(false);
        return made.Oid;
    }

    private async Task<(BesideRestored? Restored, Message? Problem)> FillAsync(
        Backup backup,
        uint oid,
        int jobs,
        CancellationToken cancellation
    )
    {
        context.Report(Message.Of("rollbacks.beside.restoring", ("path", backup.Path), ("name", Name)));
        var since = context.Time.GetTimestamp();
        var result = await new ChildProgram(
            clients.PgRestore,
            [
                FormattableString.Invariant($"--jobs={jobs}"),
                "--exit-on-error",
                "--dbname=" + Target.DatabaseArgument,
                "--no-password",
                backup.Dump,
            ],
            // A commit that is waited for comes after it; the database's settings must not stop a restore.
            Target.LibpqEnvironment(
                RestoreBackends.NameOf(context.ApplicationName),
                "-c synchronous_commit=off -c default_transaction_read_only=off"
            )
        )
        {
            OnStarted = child =>
                context.RecordAsync(BesideFacts.Child, child, RollbacksJson.Default.StartedChild, cancellation),
        }
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        if (!result.Succeeded)
        {
            return (
                null,
                Message.Of(
                    "rollbacks.beside.restore-failed",
                    ("path", backup.Path),
                    ("name", Name),
                    ("words", result.LastWords)
                )
            );
        }

        var took = context.Time.GetElapsedTime(since);
        await FlushAsync(cancellation).ConfigureAwait(false);
        var restored = new BesideRestored(oid, took, context.State.Identity!.Timeline);
        await context
            .RecordAsync(BesideFacts.Restored, restored, RollbacksJson.Default.BesideRestored, cancellation)
            .ConfigureAwait(false);
        return (restored, null);
    }

    /// <summary>A commit that is waited for, and with it all that came before: else a crash of the server could take the last of the restore.</summary>
    private Task FlushAsync(CancellationToken cancellation) =>
        outside.ExecuteAsync($"begin; set local synchronous_commit = local; {MarkSql}; commit", cancellation);

    private string MarkSql => $"comment on database {Identifiers.Quote(Name)} is {Identifiers.Literal(Mark)}";
}
