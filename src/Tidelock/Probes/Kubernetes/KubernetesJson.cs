using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>What kubectl prints as JSON.</summary>
internal static class KubernetesJson
{
    /// <exception cref="TidelockException"><c>probes.kubernetes.not-understood</c>.</exception>
    public static T Read<T>(string json, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return read(document.RootElement);
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new TidelockException(Message.Of("probes.kubernetes.not-understood"), ExitCode.NeedsPerson, e);
        }
    }

    /// <summary>The object of a name; an undefined element where there is none.</summary>
    public static JsonElement Object(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object
        && of.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Object
            ? value
            : default;

    public static int? Number(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value.GetInt32() : null;

    public static string? Text(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value.GetString() : null;

    public static IEnumerable<JsonElement> Items(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object
        && of.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Array
            ? value.EnumerateArray()
            : [];
}
