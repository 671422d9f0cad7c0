using Tidelock.Backups.Commands;
using Tidelock.Backups.PgBackRest;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>The gate <c>gates.backup:</c> as an author writes it: which backup, how old, how well proven.</summary>
/// <param name="By">Who takes it.</param>
/// <param name="MaxAge">The oldest backup that is accepted.</param>
public sealed record BackupOptions(BackupSource By, TimeSpan MaxAge)
{
    /// <summary>How far it must be proven before the change begins.</summary>
    public BackupLevel Proof { get; init; } = BackupLevel.Rehearsed;

    /// <summary>A named dump instead of taking one; null to take one.</summary>
    public string? File { get; init; }

    /// <summary>Where dumps are written, as the change names it; null for <c>tidelock/backups</c> in the user's state directory.</summary>
    public string? Folder { get; init; }

    /// <summary>Parallel jobs of pg_dump and pg_restore.</summary>
    public int Jobs { get; init; } = 2;

    /// <summary>How a dump is compressed; null for the best that pg_dump can.</summary>
    public DumpCompression? Compress { get; init; }

    /// <summary>Tables whose rows are counted first; none for those the change's relation reads.</summary>
    public IReadOnlyList<RelationName> Count { get; init; } = [];

    /// <summary>For whom a dump is encrypted; null where it is not.</summary>
    public DumpEncryption? Encrypt { get; init; }

    /// <summary>How it is restored for proof.</summary>
    public RehearsalOptions Rehearsal { get; init; } = new(null, TimeSpan.FromMinutes(30), []);

    /// <summary>Which backups of pgBackRest; null where they are not the source.</summary>
    public PgBackRestOptions? PgBackRest { get; init; }

    /// <summary>The programs that ask a managed service; null where it is not the source.</summary>
    public CommandBackupOptions? Command { get; init; }

    /// <summary>The same with its paths from the change's folder, where they are no full ones.</summary>
    public BackupOptions In(string changeFolder)
    {
        return this with
        {
            Folder = Full(Folder),
            Encrypt = Encrypt is null
                ? null
                : Encrypt with
                {
                    Identity = Full(Encrypt.Identity),
                    Home = Full(Encrypt.Home),
                },
            Rehearsal = Rehearsal with { Folder = Full(Rehearsal.Folder) },
        };

        string? Full(string? path) => path is null ? null : Path.GetFullPath(path, changeFolder);
    }

    /// <summary>The folder dumps are written to.</summary>
    public string FolderOrDefault() =>
        Folder
        ?? Path.Combine(
            Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state
                ? state
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"),
            "tidelock",
            "backups"
        );
}

/// <summary>How pg_dump compresses: a method and its level.</summary>
/// <param name="Method">What compresses.</param>
/// <param name="Level">Null for the method's own.</param>
public sealed record DumpCompression(CompressionMethod Method, int? Level);

public enum CompressionMethod
{
    None,
    Gzip,
    Lz4,
    Zstd,
}

/// <summary>A dump's files are encrypted for these recipients.</summary>
/// <param name="Tool">The program that does it.</param>
/// <param name="Recipients">Public keys of age, key ids of gpg.</param>
/// <param name="Identity">File of the age identity that opens them again; null where this machine cannot.</param>
/// <param name="Home">gpg's home folder; null for its own default.</param>
public sealed record DumpEncryption(
    EncryptionTool Tool,
    IReadOnlyList<string> Recipients,
    string? Identity,
    string? Home
);

public enum EncryptionTool
{
    Age,
    Gpg,
}

/// <summary>How a backup is restored for proof.</summary>
/// <param name="Folder">Where the throwaway server lies; null for the temporary folder.</param>
/// <param name="Within">How long all of it may take.</param>
/// <param name="Tables">The only tables whose data are restored, where all of them are too much; none for all.</param>
public sealed record RehearsalOptions(string? Folder, TimeSpan Within, IReadOnlyList<RelationName> Tables);

/// <summary>Who takes the backup.</summary>
public enum BackupSource
{
    /// <summary>Tidelock runs pg_dump.</summary>
    PgDump,

    /// <summary>Somebody took one and names its file.</summary>
    File,

    /// <summary>pgBackRest has one of the whole server.</summary>
    PgBackRest,

    /// <summary>A managed service has a snapshot, and a program asks it.</summary>
    Command,

    /// <summary>A managed service took one: a person confirms it.</summary>
    Confirmed,
}
