using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Rollbacks;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Gates;

/// <summary>Whether looks at a change can count after its run.</summary>
internal static class SoakableChange
{
    /// <summary>
    /// Whether a contract, a captured relation or a tool's record tells that the change is still in place: criteria alone may hold though somebody has
    /// taken it back.
    /// </summary>
    public static bool IsToldInPlace(Change change) =>
        RunBaseline.RelationOf(change) is not null || change.Section<Migration>() is ToolMigration;

    /// <summary>That the gate asks for more than the run itself can see, which no look will add to; null where that is not so.</summary>
    public static Message? Warning(Change change)
    {
        var (soak, watch) = (change.Section<GateOptions>().Staging, change.Section<WatchOptions>().For);
        return soak.Level == GateLevel.Off || soak.Soak <= watch || IsToldInPlace(change)
            ? null
            : Message.Of(
                "gates.staging.cannot-soak",
                ("environment", soak.Environment),
                ("soak", soak.Soak),
                ("watch", watch)
            );
    }
}
