using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// G6: the way back exists and was proven, on an empty copy of this database's schema. Takes seconds. A restore is not proven here but by the
/// run's own backup.
/// </summary>
internal sealed class RollbackPlanGate(WayRehearser rehearser) : IGate
{
    public string Name => "rollback";

    public bool MayBeOverridden => false;

    public bool MayBeConfirmed => false;

    public GateLevel Level(GateOptions options) => options.RollbackPlan;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var (impossible, notes) = await ForeseeRestoreAsync(context, cancellation).ConfigureAwait(false);
        if (impossible is not null)
        {
            return new GateFinding(false, impossible);
        }

        var rehearsal = await rehearser
            .RehearseAsync(context.Change, context.Target, cancellation)
            .ConfigureAwait(false);
        if (rehearsal.Problem is { } problem)
        {
            return new GateFinding(false, problem);
        }

        if (rehearsal.IsByRestore && !IsRestoreProven(context.Options))
        {
            return new GateFinding(false, Message.Of("gates.rollback.unproven-backup"));
        }

        var proven = Proven(rehearsal);
        return new GateFinding(
            true,
            rehearsal
                .Warnings.Concat(notes)
                .Aggregate(
                    proven,
                    (finding, w) => Message.Of("gates.rollback.warning", ("finding", finding), ("warning", w))
                )
        );
    }

    /// <summary>A way back that is a restore asks the server for rights and room, and nobody wants to learn of that when it is needed.</summary>
    private static async Task<(Message? Impossible, IReadOnlyList<Message> Notes)> ForeseeRestoreAsync(
        GateContext context,
        CancellationToken cancellation
    )
    {
        const string name = "tidelock/gates";
        switch (context.Change.Section<RollbackOptions>().Method)
        {
            case BesideRollback.MethodName:
                var ahead = await BesideForesight
                    .LookAsync(context.Target, context.Options.Backup.Jobs, name, cancellation)
                    .ConfigureAwait(false);
                return ahead.Lacking.Count == 0
                    ? (null, ahead.Notes)
                    : (Message.Of("gates.rollback.no-restore", ("problems", Several.All(ahead.Lacking))), []);
            case InPlaceRollback.MethodName:
                await using (
                    var session = await PostgresSession
                        .OpenAsync(context.Target, name, cancellation)
                        .ConfigureAwait(false)
                )
                {
                    var obstacle = await InPlaceFit.ObstacleAsync(session, cancellation).ConfigureAwait(false);
                    var room = await ServerRoom.LookAsync(session, restored: null, cancellation).ConfigureAwait(false);
                    return (obstacle, (room.Lacking ?? room.Unknown) is { } note ? [note] : []);
                }

            default:
                return (null, await ForeseeBehindAsync(context, name, cancellation).ConfigureAwait(false));
        }
    }

    /// <summary>Behind every other way stands the run's own backup; nobody wants to learn that it cannot be restored when that way has failed.</summary>
    private static async Task<IReadOnlyList<Message>> ForeseeBehindAsync(
        GateContext context,
        string name,
        CancellationToken cancellation
    )
    {
        if (
            context.Options.BackupLevel == GateLevel.Off
            || context.Options.Backup.By is not (BackupSource.PgDump or BackupSource.File)
        )
        {
            return [];
        }

        var ahead = await BesideForesight
            .LookAsync(context.Target, context.Options.Backup.Jobs, name, cancellation)
            .ConfigureAwait(false);
        if (ahead.Lacking.Count == 0)
        {
            return [];
        }

        await using var session = await PostgresSession
            .OpenAsync(context.Target, name, cancellation)
            .ConfigureAwait(false);
        var beside = Several.All(ahead.Lacking);
        return await InPlaceFit.ObstacleAsync(session, cancellation).ConfigureAwait(false) is { } obstacle
            ? [Message.Of("gates.rollback.none-behind", ("problems", beside), ("obstacle", obstacle))]
            : [Message.Of("gates.rollback.in-place-behind", ("problems", beside))];
    }

    private static bool IsRestoreProven(GateOptions options) =>
        options.BackupLevel != GateLevel.Off
        && options.Backup is { Proof: BackupLevel.Rehearsed, By: BackupSource.PgDump or BackupSource.File };

    private static Message Proven(WayRehearsal rehearsal) =>
        rehearsal.IsByRestore
            ? Message.Of("gates.rollback.backup", ("forward", rehearsal.ForwardTook))
            : Message.Of(
                "gates.rollback.proven",
                ("method", rehearsal.Method),
                ("forward", rehearsal.ForwardTook),
                ("back", rehearsal.BackTook)
            );
}
