using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tidelock.Runs;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// What an approval signs, as canonical JSON: made anew from the word and from what is to be deployed each time it is verified, so that a
/// signature of anything else fits nothing.
/// </summary>
internal static class ApprovalStatement
{
    /// <summary>The namespace of the signatures.</summary>
    public const string Namespace = "tidelock-approval";

    private const string Type = "tidelock/approval/v1";

    /// <param name="digest">Of the change.</param>
    /// <param name="environment">Its name.</param>
    /// <param name="word">Who approves, when, for how long, and what was shown of which database.</param>
    public static byte[] Of(string digest, string environment, Word word)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("at", word.At.ToUniversalTime());
            json.WriteString("by", word.By);
            WriteWhereThere(json, "demands", word.Demands);
            json.WriteString("digest", digest);
            json.WriteString("environment", environment);
            WriteTime(json, "expires", word.Expires);
            WriteWhereThere(json, "foreseen", word.Foreseen is { } lines ? Hash(lines) : null);
            json.WriteString("gate", word.Gate);
            json.WriteString("note", word.Note);
            json.WriteString("shown", word.Seen is { } seen ? Hash(seen) : null);
            json.WriteString("target", word.Target);
            json.WriteString("type", Type);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <summary>Approvals that were signed before these were kept have neither.</summary>
    private static void WriteWhereThere(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }

    private static string Hash(IReadOnlyList<string> lines) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));

    private static void WriteTime(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } at)
        {
            json.WriteString(name, at.ToUniversalTime());
        }
        else
        {
            json.WriteNull(name);
        }
    }

    /// <summary>Of JSON whatever its layout and the order of its keys.</summary>
    private static string Hash(JsonElement value)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            Write(json, value);
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
    }

    private static void Write(Utf8JsonWriter json, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            json.WriteStartObject();
            foreach (var property in value.EnumerateObject().OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                json.WritePropertyName(property.Name);
                Write(json, property.Value);
            }

            json.WriteEndObject();
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            json.WriteStartArray();
            foreach (var item in value.EnumerateArray())
            {
                Write(json, item);
            }

            json.WriteEndArray();
        }
        else
        {
            value.WriteTo(json);
        }
    }
}
