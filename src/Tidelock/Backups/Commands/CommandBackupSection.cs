using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Backups.Commands;

/// <summary>Reads <c>gates.backup.command:</c>.</summary>
internal static class CommandBackupSection
{
    public const string Key = "command";

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(30);

    /// <summary>Null for another source, whose author then must not write it.</summary>
    public static CommandBackupOptions? Read(ChangeNode settings, BackupSource by)
    {
        var node = settings[Key];
        if (by != BackupSource.Command)
        {
            if (node.Exists)
            {
                settings.MistakeAtKey(Key, Message.Of("backups.other-source", ("key", Key), ("by", Key)));
            }

            return null;
        }

        if (!node.Require())
        {
            return null;
        }

        node.Only("status", "take", "restore", "within");
        node["status"].Require();
        return new CommandBackupOptions(
            Words(node["status"]),
            node["take"].Exists ? Words(node["take"]) : null,
            node["restore"].Exists ? node["restore"].Text() : null,
            node["within"].Duration(Usual, Second, TimeSpan.FromDays(1))
        );
    }

    private static IReadOnlyList<string> Words(ChangeNode node)
    {
        var words = node.Items.Select(w => w.Text()).ToList();
        if (node.IsList && words.Count == 0)
        {
            node.Mistake(Message.Of("backups.program-empty", ("key", node.Key)));
        }

        return words;
    }
}
