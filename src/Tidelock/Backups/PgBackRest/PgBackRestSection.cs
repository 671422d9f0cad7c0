using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Backups.PgBackRest;

/// <summary>Reads the keys of <c>gates.backup:</c> that are pgBackRest's.</summary>
internal static class PgBackRestSection
{
    public static IReadOnlyList<string> Keys { get; } = ["stanza", "config", "program", "take", "within", "verify"];

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(20);

    /// <summary>Null for another source, whose author then must not write any of these keys.</summary>
    public static PgBackRestOptions? Read(ChangeNode settings, BackupSource by)
    {
        if (by != BackupSource.PgBackRest)
        {
            foreach (var key in Keys.Where(k => settings[k].Exists))
            {
                settings.MistakeAtKey(key, Message.Of("backups.other-source", ("key", key), ("by", "pgbackrest")));
            }

            return null;
        }

        settings["stanza"].Require();
        return new PgBackRestOptions(
            settings["stanza"].ExpandedText(),
            settings["config"].Exists ? settings["config"].ExpandedText() : null,
            Program(settings["program"]),
            Take(settings["take"]),
            settings["verify"].Duration(Usual, Second, TimeSpan.FromDays(1))
        )
        {
            Within = settings["within"].Duration(PgBackRestOptions.UsuallyWithin, Second, TimeSpan.FromDays(1)),
        };
    }

    private static IReadOnlyList<string> Program(ChangeNode node)
    {
        if (!node.Exists)
        {
            return ["pgbackrest"];
        }

        var words = node.Items.Select(w => w.Text()).ToList();
        if (node.IsList && words.Count == 0)
        {
            node.Mistake(Message.Of("backups.program-empty", ("key", node.Key)));
        }

        return words;
    }

    private static BackRestType? Take(ChangeNode node) =>
        node.Word<BackRestType?>(
            null,
            ("none", null),
            ("full", BackRestType.Full),
            ("diff", BackRestType.Diff),
            ("incr", BackRestType.Incr)
        );
}
