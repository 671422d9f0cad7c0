using FluentMigrator;

namespace Tidelock.Bench.Peers;

/// <summary>The folder's script as FluentMigrator's only migration.</summary>
[Migration(1)]
public sealed class ScriptMigration : ForwardOnlyMigration
{
    /// <summary>The script; set before the runner starts.</summary>
    public static string File { get; set; } = "";

    public override void Up() => Execute.Script(File);
}
