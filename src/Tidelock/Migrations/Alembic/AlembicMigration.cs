using Tidelock.Changes;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations.Alembic;

/// <summary>The change is made by Alembic, from a project in the change's folder. All its files belong to the change.</summary>
public sealed record AlembicMigration(IMigrationTool Tool, string Folder, LockBudget Locks)
    : ToolMigration(Tool, Folder, Locks)
{
    /// <summary>Under the name that Alembic gives it unless its env.py says otherwise.</summary>
    public override bool IsRecord(RelationName table) => table.Name == "alembic_version";

    /// <summary>Reads <c>migration.alembic</c>.</summary>
    internal static AlembicMigration Read(ChangeNode node, LockBudget locks)
    {
        node.Only("directory", "config", "upgrade", "downgrade", "python");
        node["directory"].Require();
        var directory = node["directory"].Folder() ?? "";
        var ini = node["config"].Text("alembic.ini");
        var upgrade = node["upgrade"].Text("head");
        var downgrade = node["downgrade"].Text("");
        var folder = Path.GetFullPath(Path.Combine(node.Context.Files.Folder, directory));
        if (directory.Length > 0 && !File.Exists(Path.Combine(folder, ini)))
        {
            node["directory"].Mistake(Message.Of("migrations.alembic.no-ini", ("folder", directory), ("file", ini)));
        }

        if (!IsOne(upgrade) || upgrade == "heads")
        {
            node["upgrade"].Mistake(Message.Of("migrations.alembic.one-target", ("text", upgrade)));
        }

        if (!IsOne(downgrade) || downgrade is "head" or "heads")
        {
            node["downgrade"].Mistake(Message.Of("migrations.alembic.one-way-back", ("text", downgrade)));
        }

        return new AlembicMigration(
            new AlembicTool(folder, Python(node["python"], node.Context.Files.Folder), ini, upgrade, downgrade),
            directory,
            locks
        );
    }

    /// <summary>No range, and no step from wherever the database stands.</summary>
    private static bool IsOne(string revision) =>
        !revision.Contains(':', StringComparison.Ordinal) && !revision.StartsWith('-') && !revision.StartsWith('+');

    /// <summary>An interpreter, or a virtualenv's folder; a path that is not absolute is meant from the change's folder.</summary>
    private static string Python(ChangeNode node, string folder)
    {
        var text = node.Text("python3");
        if (!text.Contains('/', StringComparison.Ordinal) && !Directory.Exists(Path.Combine(folder, text)))
        {
            return text;
        }

        var path = Path.GetFullPath(Path.Combine(folder, text));
        return Directory.Exists(path) ? Path.Combine(path, "bin", "python") : path;
    }
}
