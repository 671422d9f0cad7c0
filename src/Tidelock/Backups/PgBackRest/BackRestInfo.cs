using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Texts;

namespace Tidelock.Backups.PgBackRest;

/// <summary>What <c>pgbackrest info --output=json</c> tells of a stanza. A part that is absent is unknown: earlier versions tell less.</summary>
internal sealed record BackRestStanza(
    string? Name,
    BackRestStatus? Status,
    IReadOnlyList<BackRestDb>? Db,
    IReadOnlyList<BackRestBackup>? Backup,
    IReadOnlyList<BackRestRepo>? Repo
)
{
    /// <summary>No backup yet.</summary>
    private const int NoBackups = 2;

    /// <summary>Of several repositories not all are alike: that of the backup counts.</summary>
    private const int Mixed = 4;

    /// <summary>The stanza of that name; null where the answer cannot be read or has none.</summary>
    public static BackRestStanza? Of(string answer, string stanza)
    {
        try
        {
            return JsonSerializer
                .Deserialize(answer, PgBackRestJson.Default.IReadOnlyListBackRestStanza)
                ?.FirstOrDefault(s => string.Equals(s.Name, stanza, StringComparison.Ordinal));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Why pgBackRest itself says that not all is well; null where it says that all is.</summary>
    /// <param name="newest">The backup that is meant; null before one is taken, when there need be none yet.</param>
    public Message? Unwell(BackRestBackup? newest)
    {
        var of = newest is not null && Status?.Code == Mixed ? StatusOf(newest.Repository) : Status;
        return of switch
        {
            { Code: 0 } => null,
            { Code: NoBackups or Mixed } when newest is null => null,
            null => Message.Of("backups.backrest.answer", ("stanza", Name)),
            _ => Message.Of(
                "backups.backrest.unwell",
                ("stanza", Name),
                ("code", of.Code),
                ("words", of.Message ?? "-")
            ),
        };
    }

    /// <summary>The server the stanza has backups of, by its system identifier; null where it is another.</summary>
    public Message? Foreign(string systemIdentifier) =>
        Db?.Any(d => IsOf(d, systemIdentifier)) == true
            ? null
            : Message.Of(
                "backups.backrest.other-server",
                ("stanza", Name),
                ("from", Several(Db?.Select(d => d.SystemId?.ToString(CultureInfo.InvariantCulture) ?? "?"))),
                ("expected", systemIdentifier)
            );

    /// <summary>The backup of that server that ended last; null for none.</summary>
    public BackRestBackup? Newest(string systemIdentifier)
    {
        var own = (Db ?? [])
            .Where(d => IsOf(d, systemIdentifier))
            .Select(d => (d.Id, Repository: d.RepoKey ?? 1))
            .ToHashSet();
        return (Backup ?? [])
            .Where(b => own.Contains((b.Database?.Id, b.Repository)))
            .MaxBy(b => b.Timestamp?.Stop ?? 0);
    }

    /// <summary>The name of the folder in which a backup's log files are archived: <c>15-1</c>.</summary>
    public string? ArchiveOf(BackRestBackup backup)
    {
        var db = (Db ?? []).FirstOrDefault(d =>
            d.Id == backup.Database?.Id && (d.RepoKey ?? 1) == backup.Repository && d.Version is not null
        );
        return db is null ? null : string.Create(CultureInfo.InvariantCulture, $"{db.Version}-{db.Id}");
    }

    private BackRestStatus? StatusOf(int repository) => (Repo ?? []).FirstOrDefault(r => r.Key == repository)?.Status;

    /// <summary>A 64-bit number, which is compared as the text that PostgreSQL gives.</summary>
    private static bool IsOf(BackRestDb db, string systemIdentifier) =>
        string.Equals(db.SystemId?.ToString(CultureInfo.InvariantCulture), systemIdentifier, StringComparison.Ordinal);

    private static string Several(IEnumerable<string>? names) => string.Join(", ", (names ?? []).Distinct());
}

internal sealed record BackRestStatus(int? Code, string? Message);

internal sealed record BackRestDb(int? Id, int? RepoKey, ulong? SystemId, string? Version);

internal sealed record BackRestRepo(int? Key, BackRestStatus? Status);

/// <summary>One backup.</summary>
/// <param name="Label">Its name: <c>20261127-164509F_20261127-164517D</c>.</param>
/// <param name="Type"><c>full</c>, <c>diff</c>, <c>incr</c>.</param>
/// <param name="Timestamp">When it began and ended.</param>
/// <param name="Archive">The first and the last log file that it needs to be consistent.</param>
/// <param name="Database">Of which server, and in which repository.</param>
/// <param name="Error">Whether pages of it were damaged when it was taken; null where the version does not tell.</param>
/// <param name="Info">Sizes.</param>
internal sealed record BackRestBackup(
    string? Label,
    string? Type,
    BackRestTimes? Timestamp,
    BackRestArchive? Archive,
    BackRestDatabase? Database,
    bool? Error,
    BackRestSizes? Info
)
{
    [JsonIgnore]
    public int Repository => Database?.RepoKey ?? 1;

    [JsonIgnore]
    public DateTimeOffset? At => Timestamp?.Stop is { } stop ? DateTimeOffset.FromUnixTimeSeconds(stop) : null;

    /// <summary>Why it is not to be relied on, as far as pgBackRest knows; null for nothing.</summary>
    public Message? Problem(TimeSpan maxAge, DateTimeOffset now) =>
        (Label, At, Error) switch
        {
            (null, _, _) or (_, null, _) => Message.Of("backups.backrest.age-unknown", ("backup", Label ?? "?")),
            (_, _, null) => Message.Of("backups.backrest.error-unknown", ("backup", Label)),
            (_, _, true) => Message.Of("backups.backrest.error", ("backup", Label)),
            (_, { } at, _) when now - at > maxAge => Backups.Backup.TooOld(Label, at, maxAge, now),
            (_, { } at, _) when at - now > Tolerance => Message.Of(
                "backups.from-the-future",
                ("path", Label),
                ("at", at),
                ("now", now)
            ),
            _ => null,
        };

    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);
}

internal sealed record BackRestTimes(long? Start, long? Stop);

internal sealed record BackRestArchive(string? Start, string? Stop);

internal sealed record BackRestDatabase(int? Id, int? RepoKey);

internal sealed record BackRestSizes(long? Size);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.KebabCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<BackRestStanza>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, BackRestFile>))]
internal sealed partial class PgBackRestJson : JsonSerializerContext;

/// <summary>An entry of <c>pgbackrest repo-ls --output=json</c>.</summary>
internal sealed record BackRestFile(string? Type);
