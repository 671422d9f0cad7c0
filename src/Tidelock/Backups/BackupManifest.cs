using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>
/// What a backup contains and where it comes from, written beside the dump: enough to tell later whether it is whole, whether it
/// is of this database, and what was written since. It holds names and numbers, never a password or a connection string.
/// </summary>
/// <param name="Tool">Tidelock's version.</param>
/// <param name="Identity">Server and database.</param>
/// <param name="ServerVersion">As the server prints it: <c>15.18</c>.</param>
/// <param name="WalPosition">LSN when the snapshot was taken.</param>
/// <param name="StartedAt">The moment of the snapshot, by the server's clock: the data are of this moment.</param>
/// <param name="FinishedAt">When the dump was whole, by the server's clock.</param>
/// <param name="DatabaseSize">Bytes of the database on the server: about what a restored copy needs.</param>
/// <param name="Source">What a copy needs around the data: locale and roles.</param>
/// <param name="StatisticsSince">Which statistics the counters of <paramref name="Tables"/> belong to.</param>
/// <param name="Tables">Every table of the database.</param>
/// <param name="Grants">Every privilege on every relation.</param>
/// <param name="Files">Every file of the dump.</param>
/// <param name="Size">Bytes of all files.</param>
public sealed record BackupManifest(
    string Tool,
    ServerIdentity Identity,
    string ServerVersion,
    string WalPosition,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    long DatabaseSize,
    SourceSettings Source,
    StatisticsEpoch StatisticsSince,
    IReadOnlyList<TableState> Tables,
    IReadOnlyList<RelationGrant> Grants,
    IReadOnlyList<FileDigest> Files,
    long Size
)
{
    /// <summary><c>pg_current_snapshot()</c>: which transactions the dump has seen. This and what follows is null in manifests of earlier versions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Snapshot { get; init; }

    /// <summary>The version of pg_dump, as it prints it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DumpProgram { get; init; }

    /// <summary>Where the migration tool said that the database stood; null where the change has none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Revision { get; init; }

    /// <summary>Method and level: <c>gzip:1</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Compression { get; init; }

    /// <summary>How the files are encrypted; null where they are not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EncryptedFiles? Encryption { get; init; }

    /// <summary>The tables that were declared to be counted, or else the relation whose tables were. Their rows, as far as counted, are in <see cref="Tables"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Counted { get; init; }

    /// <summary>What the dump holds besides <see cref="Tables"/>, with its counters: large objects, and the configuration tables of extensions.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TableState>? Others { get; init; }

    /// <summary>SHA-256 of the manifest: what a rehearsal refers to.</summary>
    public string Digest() =>
        Convert.ToHexStringLower(
            SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(this, BackupJson.Default.BackupManifest))
        );
}

/// <summary>A table when the backup was taken.</summary>
/// <param name="Schema">Its schema.</param>
/// <param name="Name">Its name.</param>
/// <param name="Oid">Another oid later is another table.</param>
/// <param name="FileNode">Another file later: truncated or rewritten, and then the counters tell nothing.</param>
/// <param name="Rows">Rows in the backup's snapshot; null where counting would have cost too much.</param>
/// <param name="EstimatedRows">The planner's estimate; -1 where there is none.</param>
/// <param name="Inserted"><c>n_tup_ins</c> just before the snapshot.</param>
/// <param name="Updated"><c>n_tup_upd</c>.</param>
/// <param name="Deleted"><c>n_tup_del</c>.</param>
public sealed record TableState(
    string Schema,
    string Name,
    uint Oid,
    uint FileNode,
    long? Rows,
    long EstimatedRows,
    long Inserted,
    long Updated,
    long Deleted
);

/// <summary>
/// Which life of the statistics counters belong to: a crash, a reset or a restart without a clean shutdown begins another.
/// </summary>
/// <param name="Database"><c>pg_stat_database.stats_reset</c>.</param>
/// <param name="Server"><c>pg_stat_bgwriter.stats_reset</c>, which a crash sets anew.</param>
public sealed record StatisticsEpoch(DateTimeOffset? Database, DateTimeOffset? Server);

/// <summary>One file of a dump, its path relative to the dump with forward slashes.</summary>
public sealed record FileDigest(string Path, long Size, string Sha256);

/// <summary>How the files of a dump are encrypted.</summary>
/// <param name="Tool">What encrypted them.</param>
/// <param name="Recipients">For whom: public keys or key ids.</param>
/// <param name="Plain">The files as they are once decrypted.</param>
public sealed record EncryptedFiles(
    [property: JsonConverter(typeof(JsonStringEnumConverter<EncryptionTool>))] EncryptionTool Tool,
    IReadOnlyList<string> Recipients,
    IReadOnlyList<FileDigest> Plain
);
