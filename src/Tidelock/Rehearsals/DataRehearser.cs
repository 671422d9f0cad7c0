using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres;
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
    /// <param name="order">What is rehearsed.</param>
    /// <param name="watch">Told what begins and what is over.</param>
    /// <param name="cancellation">Ends it; the throwaway server is gone afterwards.</param>
    /// <exception cref="TidelockException">The target is lost, or this machine lacks programs.</exception>
    internal async Task<RehearsalRecord> RehearseAsync(
        DataRehearsalOrder order,
        RehearsalWatch watch,
        CancellationToken cancellation
    )
    {
        var (plain, unopened) = await PlainDump
            .OpenAsync(order.Backup, order.Options, cancellation)
            .ConfigureAwait(false);
        using (plain)
        {
            var record = await new DataRehearsal(
                order with
                {
                    Backup = plain?.Backup ?? order.Backup,
                },
                watch,
                programs,
                transaction,
                time
            )
                .RunAsync(unopened, cancellation)
                .ConfigureAwait(false);
            return await KeptAsync(order, record with { Size = DumpKind.Size(order.Backup.Dump) }, cancellation)
                .ConfigureAwait(false);
        }
    }

    private static async Task<RehearsalRecord> KeptAsync(
        DataRehearsalOrder order,
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
            await order.Backup.KeepAsync(record, cancellation).ConfigureAwait(false);
            return record;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return record with
            {
                Notes =
                [
                    .. record.Notes,
                    Message.Of("rehearsals.data.not-kept", ("path", order.Backup.Path), ("reason", e.Message)),
                ],
            };
        }
    }
}

/// <summary>What is rehearsed.</summary>
/// <param name="Backup">A verified backup.</param>
/// <param name="Change">The change whose way is gone.</param>
/// <param name="Environment">Where the change is to be deployed.</param>
/// <param name="Options">How it is restored.</param>
/// <param name="By">Who asked for it.</param>
/// <param name="Run">The run that asks; null ahead of any.</param>
/// <param name="TakenAt">Of which moment the backup's data are; null where that is not known.</param>
/// <param name="OpenTargetAsync">Opens a session on the database that the backup is of; only read.</param>
internal sealed record DataRehearsalOrder(
    Backup Backup,
    Change Change,
    string Environment,
    BackupOptions Options,
    string By,
    string? Run,
    DateTimeOffset? TakenAt,
    Func<CancellationToken, Task<PostgresSession>> OpenTargetAsync
);

/// <summary>Who follows a rehearsal.</summary>
/// <param name="Begins">A part begins.</param>
/// <param name="Over">A part is over.</param>
internal sealed record RehearsalWatch(Action<RehearsalPart> Begins, Action<RehearsedPart> Over);
