using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Runs;

namespace Tidelock.Notifications.Announcements;

/// <summary>What the team was told before a run, as the journal keeps it beside the word.</summary>
/// <param name="StartsAt">When the run will start, as it was told.</param>
/// <param name="Channels">Those that got it, with what each finds its message by.</param>
public sealed record Announcement(
    DateTimeOffset StartsAt,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Channels
)
{
    /// <summary>The channels that were told this very time; null where an older program wrote it.</summary>
    public IReadOnlyList<string>? Told { get; init; }

    /// <summary>Whether the team was told that this start does not take place.</summary>
    public bool IsCalledOff { get; init; }

    /// <summary>What stands beside a word; null where it is no announcement of Tidelock's.</summary>
    public static Announcement? Of(Word word) =>
        word is { Kind: WordKind.Announced, Seen: { } seen }
            ? seen.Deserialize(NotificationsJson.Default.Announcement)
            : null;

    internal JsonElement ToJson() => JsonSerializer.SerializeToElement(this, NotificationsJson.Default.Announcement);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Announcement))]
internal sealed partial class NotificationsJson : JsonSerializerContext;
