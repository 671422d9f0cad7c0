using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.PgBackRest;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// Proves a backup and a change with it: restores the backup into a throwaway server and goes the whole way on its data. What passed is kept
/// beside a backup that Tidelock took.
/// </summary>
public sealed class DataRehearser
{
    private readonly BackupPrograms programs;
    private readonly MigrationTransaction transaction;
    private readonly TimeProvider time;

    internal DataRehearser(BackupPrograms programs, MigrationTransaction transaction, TimeProvider time) =>
        (this.programs, this.transaction, this.time) = (programs, transaction, time);

    /// <summary>Goes as far as it leads: the record's last part tells why it went no further.</summary>
    /// <param name="backup">A verified backup.</param>
    /// <param name="order">What is rehearsed with it.</param>
    /// <param name="watch">Told what begins and what is over.</param>
    /// <param name="cancellation">Ends it; the throwaway server is gone afterwards.</param>
    /// <exception cref="TidelockException">The target is lost, or this machine lacks programs.</exception>
    internal async Task<RehearsalRecord> RehearseAsync(
        Backup backup,
        DataRehearsalOrder order,
        RehearsalWatch watch,
        CancellationToken cancellation
    )
    {
        await BackupLeftovers.RemoveRestoredAsync(order.Options, cancellation).ConfigureAwait(false);
        var since = time.GetTimestamp();
        using var limit = new CancellationTokenSource(order.Options.Rehearsal.Within, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var (plain, unopened) = await OpenAsync(backup, order.Options, both.Token, cancellation).ConfigureAwait(false);
        using (plain)
        {
            // Before a restore an encrypted dump must be decrypted in earnest, too.
            var decrypting = backup.Manifest?.Encryption is null ? (TimeSpan?)null : time.GetElapsedTime(since);
            var trial = new DumpTrial(plain?.Backup ?? backup, order, programs, decrypting, time);
            var record = await new DataRehearsal(order, trial, watch, transaction, time)
                .RunAsync(unopened, both.Token, cancellation)
                .ConfigureAwait(false);
            record = record with { Size = DumpKind.Size(backup.Dump), WholeTook = time.GetElapsedTime(since) };
            return await KeptAsync(backup, record, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The same with the files of a whole server.</summary>
    internal async Task<RehearsalRecord> RehearseAsync(
        BackRestSet set,
        DataRehearsalOrder order,
        RehearsalWatch watch,
        CancellationToken cancellation
    )
    {
        await BackupLeftovers.RemoveRestoredAsync(order.Options, cancellation).ConfigureAwait(false);
        var since = time.GetTimestamp();
        using var limit = new CancellationTokenSource(order.Options.Rehearsal.Within, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var trial = new BackRestTrial(set, order, programs, time);
        var record = await new DataRehearsal(order, trial, watch, transaction, time)
            .RunAsync(null, both.Token, cancellation)
            .ConfigureAwait(false);
        return record with { Size = set.Size ?? 0, WholeTook = time.GetElapsedTime(since) };
    }

    private static async Task<(PlainDump? Dump, Message? Problem)> OpenAsync(
        Backup backup,
        BackupOptions options,
        CancellationToken limit,
        CancellationToken cancellation
    )
    {
        try
        {
            return await PlainDump.OpenAsync(backup, options, limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (null, DataRehearsal.TooLong(options));
        }
    }

    private static async Task<RehearsalRecord> KeptAsync(
        Backup backup,
        RehearsalRecord record,
        CancellationToken cancellation
    )
    {
        if (!record.Passed)
        {
            return record;
        }

        try
        {
            await backup.KeepAsync(record, cancellation).ConfigureAwait(false);
            return record;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return record with
            {
                Notes =
                [
                    .. record.Notes,
                    Message.Of("rehearsals.data.not-kept", ("path", backup.Path), ("reason", e.Message)),
                ],
            };
        }
    }
}

/// <summary>What is rehearsed.</summary>
/// <param name="Change">The change whose way is gone.</param>
/// <param name="Environment">Where the change is to be deployed.</param>
/// <param name="Options">How it is restored.</param>
/// <param name="By">Who asked for it.</param>
/// <param name="Run">The run that asks; null ahead of any.</param>
/// <param name="TakenAt">Of which moment the backup's data are; null where that is not known.</param>
/// <param name="OpenTargetAsync">Opens a session on the database that the backup is of; only read.</param>
internal sealed record DataRehearsalOrder(
    Change Change,
    string Environment,
    BackupOptions Options,
    string By,
    string? Run,
    DateTimeOffset? TakenAt,
    Func<CancellationToken, Task<PostgresSession>> OpenTargetAsync
)
{
    /// <summary>Asks the target. A connection that is lost there is the target's, and not told as the copy's.</summary>
    /// <exception cref="TargetLostException">It does not answer.</exception>
    public async Task<T> AskTargetAsync<T>(Func<PostgresSession, Task<T>> ask, CancellationToken cancellation)
    {
        PostgresSession? session = null;
        try
        {
            session = await OpenTargetAsync(cancellation).ConfigureAwait(false);
            return await ask(session).ConfigureAwait(false);
        }
        catch (Exception e)
            when (ConnectionLoss.IsLoss(e) && session?.Connection.State is not System.Data.ConnectionState.Open)
        {
            throw Lost(e);
        }
        finally
        {
            if (session is not null)
            {
                await session.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>The target went away in the middle.</summary>
    private static TargetLostException Lost(Exception e) =>
        new(
            Message.Of(
                "rehearsals.data.target-lost",
                (
                    "reason",
                    (object?)(e as TidelockException)?.Problem ?? (e as PostgresException)?.MessageText ?? e.Message
                )
            ),
            e
        );
}

/// <summary>Who follows a rehearsal.</summary>
/// <param name="Begins">A part begins.</param>
/// <param name="Over">A part is over.</param>
internal sealed record RehearsalWatch(Action<RehearsalPart> Begins, Action<RehearsedPart> Over);
