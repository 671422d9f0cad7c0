using Tidelock.Backups;
using Tidelock.Rehearsals;
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
        var rehearsal = await rehearser
            .RehearseAsync(context.Change, context.Target, cancellation)
            .ConfigureAwait(false);
        if (rehearsal.Problem is { } problem)
        {
            return new GateFinding(false, problem);
        }

        if (rehearsal.Method == "backup" && !IsRestoreProven(context.Options))
        {
            return new GateFinding(false, Message.Of("gates.rollback.unproven-backup"));
        }

        var proven = Proven(rehearsal);
        return new GateFinding(
            true,
            rehearsal.Warnings.Aggregate(
                proven,
                (finding, w) => Message.Of("gates.rollback.warning", ("finding", finding), ("warning", w))
            )
        );
    }

    private static bool IsRestoreProven(GateOptions options) =>
        options.BackupLevel != GateLevel.Off
        && options.Backup is { Proof: BackupLevel.Rehearsed, By: BackupSource.PgDump or BackupSource.File };

    private static Message Proven(WayRehearsal rehearsal) =>
        rehearsal.Method == "backup"
            ? Message.Of("gates.rollback.backup", ("forward", rehearsal.ForwardTook))
            : Message.Of(
                "gates.rollback.proven",
                ("method", rehearsal.Method),
                ("forward", rehearsal.ForwardTook),
                ("back", rehearsal.BackTook)
            );
}
