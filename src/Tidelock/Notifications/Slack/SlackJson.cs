using System.Text.Json;

namespace Tidelock.Notifications.Slack;

/// <summary>Parts of an answer that may be missing, or of another kind than is documented.</summary>
internal static class SlackJson
{
    /// <summary>Null where it is not there.</summary>
    public static JsonElement? Part(this JsonElement json, string name) =>
        json.ValueKind is JsonValueKind.Object && json.TryGetProperty(name, out var part) ? part : null;

    /// <summary>Null where it is no text.</summary>
    public static string? Text(this JsonElement json, string name) =>
        json.Part(name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
