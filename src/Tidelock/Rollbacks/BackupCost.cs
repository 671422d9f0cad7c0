using System.Globalization;
using Tidelock.Backups;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What restoring a run's backup in place would cost, in words.</summary>
internal static class BackupCost
{
    private const int Shown = 5;

    public static Message Of(RunBackup backup, LostWrites lost)
    {
        var cost = Message.Of(
            "rollbacks.backup.cost",
            ("path", backup.Path),
            ("took", (object?)backup.RestoreTook ?? "?"),
            ("rows", (object?)lost.Total ?? "?"),
            ("tables", Named(lost.Tables.Where(t => !t.IsNew && t.Counted is not { Total: 0 })))
        );
        var added = lost.Tables.Where(t => t.IsNew).ToList();
        return added.Count == 0
            ? cost
            : Message.Of("rollbacks.backup.cost-newer", ("cost", cost), ("tables", Named(added)));
    }

    private static string Named(IEnumerable<LostTableWrites> tables)
    {
        var all = tables.ToList();
        var first = all.Take(Shown).Select(t => $"{t.Table}: {Rows(t)}");
        return all.Count == 0
            ? "-"
            : string.Join(", ", all.Count > Shown ? first.Append($"+{all.Count - Shown}") : first);
    }

    private static string Rows(LostTableWrites table) =>
        table.Counted?.Total.ToString(CultureInfo.InvariantCulture) ?? "?";
}
