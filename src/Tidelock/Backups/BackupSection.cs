using Tidelock.Backups.Commands;
using Tidelock.Backups.PgBackRest;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>Reads the settings of <c>gates.backup:</c>.</summary>
internal static class BackupSection
{
    /// <summary>All keys but the gate's own <c>level</c>.</summary>
    public static string[] Keys { get; } =
    [
        "by",
        "maxAge",
        "proof",
        "rehearse",
        "file",
        "folder",
        "jobs",
        "compress",
        "count",
        "encrypt",
        .. PgBackRestSection.Keys,
        CommandBackupSection.Key,
    ];

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    public static BackupOptions Read(ChangeNode settings)
    {
        var file = settings["file"].Exists ? settings["file"].ExpandedText() : null;
        var by = settings["by"]
            .Word(
                file is null ? BackupSource.PgDump : BackupSource.File,
                ("pg_dump", BackupSource.PgDump),
                ("file", BackupSource.File),
                ("pgbackrest", BackupSource.PgBackRest),
                ("command", BackupSource.Command),
                ("confirmed", BackupSource.Confirmed)
            );
        if ((by == BackupSource.File) != (file is not null))
        {
            settings.Mistake(Message.Of("backups.file-and-by"));
        }

        var proof = ReadProof(settings, by);
        var encrypt = ReadEncryption(settings["encrypt"]);
        if (proof == BackupLevel.Rehearsed && encrypt is { Tool: EncryptionTool.Age, Identity: null })
        {
            settings["encrypt"].Mistake(Message.Of("backups.encrypt.no-identity"));
        }

        var rehearsal = ReadRehearsal(settings["rehearse"]);
        if (by == BackupSource.PgBackRest && rehearsal.Tables.Count > 0)
        {
            settings["rehearse"]["tables"].Mistake(Message.Of("backups.backrest.tables"));
        }

        return new BackupOptions(by, settings["maxAge"].Duration(Day, Second, 366 * Day))
        {
            Proof = proof,
            File = file,
            Folder = Path(settings["folder"]),
            Jobs = settings["jobs"].Integer(2, 1, 64),
            Compress = ReadCompression(settings["compress"]),
            Count = Tables(settings["count"]),
            Encrypt = encrypt,
            Rehearsal = rehearsal,
            PgBackRest = PgBackRestSection.Read(settings, by),
            Command = CommandBackupSection.Read(settings, by),
        };
    }

    /// <summary>Of what a person says that a service has, nothing more can be known than that it was taken.</summary>
    private static BackupLevel ReadProof(ChangeNode settings, BackupSource by)
    {
        var rehearse = settings["rehearse"];
        var isRehearsed = rehearse.IsMapping || rehearse.Flag(true);
        var proof = settings["proof"]
            .Word(
                by == BackupSource.Confirmed ? BackupLevel.Taken
                    : isRehearsed ? BackupLevel.Rehearsed
                    : BackupLevel.Verified,
                ("taken", BackupLevel.Taken),
                ("verified", BackupLevel.Verified),
                ("rehearsed", BackupLevel.Rehearsed)
            );
        if (by == BackupSource.Confirmed && proof > BackupLevel.Taken)
        {
            settings["proof"].Mistake(Message.Of("backups.proof-of-a-word"));
        }
        else if (by != BackupSource.Confirmed && rehearse.Exists && isRehearsed != (proof == BackupLevel.Rehearsed))
        {
            settings["proof"].Mistake(Message.Of("backups.proof-and-rehearse"));
        }

        return proof;
    }

    private static RehearsalOptions ReadRehearsal(ChangeNode node)
    {
        if (node.IsMapping)
        {
            node.Only("folder", "within", "tables");
        }

        return new RehearsalOptions(
            Path(node["folder"]),
            node["within"].Duration(TimeSpan.FromMinutes(30), Second, Day),
            Tables(node["tables"])
        );
    }

    /// <summary><c>none</c>, <c>gzip</c>, <c>gzip:1</c>, <c>lz4</c>, <c>zstd:3</c>.</summary>
    private static DumpCompression? ReadCompression(ChangeNode node)
    {
        if (!node.Exists)
        {
            return null;
        }

        var text = node.Text();
        var (word, level) = text.Split(':', 2) is [var method, var digits] ? (method, digits) : (text, null);
        int? number = int.TryParse(level, System.Globalization.NumberStyles.None, null, out var found) ? found : null;
        (CompressionMethod Method, int Most)? known = word switch
        {
            "none" => (CompressionMethod.None, 0),
            "gzip" => (CompressionMethod.Gzip, 9),
            "lz4" => (CompressionMethod.Lz4, 12),
            "zstd" => (CompressionMethod.Zstd, 22),
            _ => null,
        };
        if (known is not { } compression || (level is not null && !(number >= 1 && number <= compression.Most)))
        {
            node.Mistake(Message.Of("backups.compress", ("text", text)));
            return null;
        }

        return new DumpCompression(compression.Method, number);
    }

    private static DumpEncryption? ReadEncryption(ChangeNode node)
    {
        if (!node.Exists)
        {
            return null;
        }

        node.Only("age", "identity", "gpg", "home");
        var (age, gpg) = (node["age"], node["gpg"]);
        if (age.Exists == gpg.Exists || (gpg.Exists && node["identity"].Exists) || (age.Exists && node["home"].Exists))
        {
            node.Mistake(Message.Of("backups.encrypt"));
            return null;
        }

        var recipients = (age.Exists ? age : gpg).Items;
        if (recipients.Count == 0)
        {
            node.Mistake(Message.Of("backups.encrypt.recipients"));
        }

        // The key itself would be seen in the arguments of the program.
        foreach (var key in recipients.Append(node["identity"]).Where(k => IsSecret(k.ExpandedText())))
        {
            key.Mistake(Message.Of("backups.encrypt.secret"));
        }

        return new DumpEncryption(
            age.Exists ? EncryptionTool.Age : EncryptionTool.Gpg,
            [.. recipients.Select(r => r.ExpandedText())],
            Path(node["identity"]),
            Path(node["home"])
        );
    }

    private static bool IsSecret(string text) =>
        text.Contains("SECRET-KEY", StringComparison.OrdinalIgnoreCase)
        || text.Contains("PRIVATE KEY", StringComparison.OrdinalIgnoreCase);

    private static IReadOnlyList<RelationName> Tables(ChangeNode node) =>
        [.. node.Items.Select(t => t.Relation()).OfType<RelationName>()];

    private static string? Path(ChangeNode node) => node.Exists ? node.ExpandedText() : null;
}
