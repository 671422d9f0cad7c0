using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>Journaled before a database is created beside: a database of that name is ours from then on.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Backup">What is going to be restored into it.</param>
internal sealed record BesideBegun(string Name, string Backup);

/// <summary>It is there, empty, with all that belongs to the other around its contents.</summary>
internal sealed record BesideMade(uint Oid);

/// <summary>All of the backup is in it.</summary>
/// <param name="Oid">The database.</param>
/// <param name="Took">How long pg_restore took.</param>
/// <param name="Timeline">Of the server; a standby that was promoted since may have only a part of it. 0 in journals of earlier versions.</param>
internal sealed record BesideRestored(uint Oid, TimeSpan Took, int Timeline);

/// <summary>It was compared with what it should be.</summary>
/// <param name="Oid">The database.</param>
/// <param name="Since">Which life of the counters that is.</param>
/// <param name="Tables">Its tables with their counters, of which later ones tell what was written since; null in journals of earlier versions.</param>
internal sealed record BesideProven(uint Oid, StatisticsEpoch Since, IReadOnlyList<TableState>? Tables)
{
    /// <summary>What it holds besides: large objects, tables in which extensions keep what they were configured with; null in journals of earlier versions.</summary>
    public IReadOnlyList<TableState>? Others { get; init; }
}

/// <summary>What became of the sequences in a swap, journaled before the names are exchanged.</summary>
/// <param name="Coming">The database that came.</param>
/// <param name="Carried">Sequences that were behind, and are not any more.</param>
/// <param name="Problem">Why some may still be; null where none is.</param>
internal sealed record SwapCarried(uint Coming, IReadOnlyList<RelationName> Carried, Message? Problem);

/// <summary>Names of this folder's facts, and the swap that a killed program may have left in the middle.</summary>
internal static class BesideFacts
{
    public const string Step = "rollback.revert";
    public const string Begun = "beside-begun";
    public const string Made = "beside-made";
    public const string Child = "restore-child";
    public const string Restored = "beside-restored";
    public const string Proven = "beside-proven";
    public const string Swap = "swap";

    /// <summary>What became of the sequences in the newest swap.</summary>
    public const string Numbers = "swap-numbers";

    /// <summary>The plan of a swap that is known not to have taken place.</summary>
    public const string NotSwapped = "swap-over";

    /// <summary>The swap that was begun and of which nothing is journaled since; null for none.</summary>
    public static SwapPlan? OpenSwap(RunState state) =>
        Of(state, Swap) is { } plan && plan != Of(state, NotSwapped) && !IsDone(state, plan) ? plan : null;

    /// <summary>The newest swap that was begun, where it is known to have taken place; null otherwise.</summary>
    public static SwapPlan? DoneSwap(RunState state) =>
        LastSwap(state) is { } plan && IsDone(state, plan) ? plan : null;

    /// <summary>What is journaled of the sequences in this swap; null for nothing, as where none was behind.</summary>
    public static SwapCarried? CarriedIn(RunState state, SwapPlan plan) =>
        state.Fact(Step, Numbers) is { } fact
        && System.Text.Json.JsonSerializer.Deserialize(fact, RollbacksJson.Default.SwapCarried) is { } carried
        && carried.Coming == plan.Coming
            ? carried
            : null;

    private static bool IsDone(RunState state, SwapPlan plan) =>
        (state.Swapped?.Identity.DatabaseOid, state.Swapped?.Kept) == (plan.Coming, plan.Kept);

    /// <summary>The newest swap that was begun, whatever became of it; null for none.</summary>
    public static SwapPlan? LastSwap(RunState state) => Of(state, Swap);

    private static SwapPlan? Of(RunState state, string name) =>
        state.Fact(Step, name) is { } fact
            ? System.Text.Json.JsonSerializer.Deserialize(fact, RollbacksJson.Default.SwapPlan)
            : null;
}
