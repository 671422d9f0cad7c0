using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using System.Xml;
using Tidelock.Texts;

namespace Tidelock.Backups.Commands;

/// <summary>What a program tells of a managed service's backup: one JSON object, whose fields are a public contract (docs/gates/backup-command.md).</summary>
/// <param name="Id">What the service calls it.</param>
/// <param name="Status"><c>available</c>, <c>creating</c>, or a word of the service's that refuses.</param>
/// <param name="CreatedAt">Of which moment its data are, with its zone.</param>
/// <param name="Database">What the service calls the database.</param>
/// <param name="Host">The address the service gives for it.</param>
/// <param name="Encrypted">Null where it is not told.</param>
/// <param name="RestorableUntil">Up to when the service can restore to a point in time; null where it is not told.</param>
/// <param name="RestoreTook">How long a restore took, as ISO 8601 has it; null where it is not told.</param>
internal sealed partial record ServiceAnswer(
    string Id,
    string Status,
    string CreatedAt,
    string Database,
    string Host,
    bool? Encrypted = null,
    string? RestorableUntil = null,
    string? RestoreTook = null
)
{
    private const string Available = "available";
    private const string Creating = "creating";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>Of which moment its data are.</summary>
    [JsonIgnore]
    public DateTimeOffset At => Moment(CreatedAt)!.Value;

    /// <summary>Up to when the service can restore; null where it is not told.</summary>
    [JsonIgnore]
    public DateTimeOffset? Until => RestorableUntil is null ? null : Moment(RestorableUntil);

    [JsonIgnore]
    public bool IsComing => string.Equals(Status, Creating, StringComparison.Ordinal);

    /// <summary>The answer, or why it is none.</summary>
    public static (ServiceAnswer? Answer, Message? Problem) Read(string text)
    {
        try
        {
            var answer = JsonSerializer.Deserialize(text, CommandJson.Default.ServiceAnswer);
            return (answer is null ? "null" : answer.Wrong) is { } wrong ? (null, Unreadable(wrong)) : (answer, null);
        }
        catch (JsonException e)
        {
            return (null, Unreadable(e.Message.Split(" Path:")[0]));
        }
    }

    /// <summary>Why the backup does not count; null where it does. One that is still being made is asked for by <see cref="IsComing"/> first.</summary>
    /// <param name="host">Where the environment connects to.</param>
    /// <param name="maxAge">The oldest that is accepted.</param>
    /// <param name="now">By this machine's clock.</param>
    public Message? Problem(string host, TimeSpan maxAge, DateTimeOffset now)
    {
        if (!string.Equals(Status, Available, StringComparison.Ordinal))
        {
            return Message.Of("backups.command.status", ("backup", Id), ("status", Status));
        }

        if (!string.Equals(Bare(Host), Bare(host), StringComparison.OrdinalIgnoreCase))
        {
            return Message.Of(
                "backups.command.other-host",
                ("backup", Id),
                ("database", Database),
                ("from", Host),
                ("expected", host)
            );
        }

        return now - At > maxAge ? Backup.TooOld(Id, At, maxAge, now)
            : At - now > Tolerance ? Message.Of("backups.from-the-future", ("path", Id), ("at", At), ("now", now))
            : null;
    }

    /// <summary>The first field that holds nothing that it could mean; null for none.</summary>
    private string? Wrong =>
        string.IsNullOrWhiteSpace(Id) ? "id"
        : string.IsNullOrWhiteSpace(Status) ? "status"
        : Moment(CreatedAt) is null ? "createdAt"
        : string.IsNullOrWhiteSpace(Database) ? "database"
        : string.IsNullOrWhiteSpace(Host) ? "host"
        : RestorableUntil is { } until && Moment(until) is null ? "restorableUntil"
        : RestoreTook is { } took && !IsDuration(took) ? "restoreTook"
        : null;

    /// <summary>A time with its zone: without one nobody knows which moment it is.</summary>
    private static DateTimeOffset? Moment(string text) =>
        ZonedForm().IsMatch(text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            ? at
            : null;

    private static bool IsDuration(string text)
    {
        try
        {
            return XmlConvert.ToTimeSpan(text) >= TimeSpan.Zero;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static string Bare(string host) => host.TrimEnd('.');

    private static Message Unreadable(string reason) => Message.Of("backups.command.answer", ("reason", reason));

    [GeneratedRegex(
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex ZonedForm();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(ServiceAnswer))]
internal sealed partial class CommandJson : JsonSerializerContext;
