using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Reads <c>rollback:</c>.</summary>
internal sealed class RollbackSection : IChangeSection
{
    public string Key => "rollback";

    public string SchemaFragment => SchemaFragments.Beside<RollbackSection>("rollback");

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (node.Exists)
        {
            node.Only("method", "automatic", "askFor", "swap");
        }

        var migration = earlier.Get<Migration>();
        var method = node["method"]
            .Word(
                Default(migration),
                ("definition", "definition"),
                ("downgrade", "downgrade"),
                ("backup", "backup"),
                ("in-place", "in-place")
            );
        if (method == "downgrade" && !migration.GoesBack)
        {
            node["method"].Mistake(Message.Of("rollbacks.no-downgrade"));
        }

        var restores = RollbackOptions.Restores(method);
        var automatic = node["automatic"].Flag(!restores);
        if (restores && automatic)
        {
            node["automatic"].Mistake(Message.Of("rollbacks.backup.not-automatic"));
        }

        var swap = node["swap"];
        if (swap.Exists)
        {
            swap.Only("within");
        }

        return new RollbackOptions(
            method,
            automatic,
            node["askFor"].Duration(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(1), TimeSpan.FromHours(24))
        )
        {
            SwapWithin = swap["within"]
                .Duration(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(5)),
        };
    }

    /// <summary>A view's old definition can always be brought back exactly; SQL by hand and other programs know their own way back best.</summary>
    private static string Default(Migration migration) =>
        migration is not ViewMigration && migration.GoesBack ? "downgrade" : "definition";
}
