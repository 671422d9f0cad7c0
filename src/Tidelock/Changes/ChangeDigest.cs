using System.Security.Cryptography;
using System.Text.Json;

namespace Tidelock.Changes;

/// <summary>
/// What a change is, in 64 characters. Comments, layout and the order of keys do not count; every value, the order of lists and
/// every byte of its files do. Taken before variables are put in, so that no secret is part of it.
/// </summary>
internal static class ChangeDigest
{
    public static string Of(ChangeValue root, IEnumerable<(string Path, byte[] Hash)> files)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            json.WriteStringValue("tidelock/v1");
            Write(json, root);
            foreach (var (path, hash) in files)
            {
                json.WriteStringValue(path);
                json.WriteStringValue(Convert.ToHexStringLower(hash));
            }

            json.WriteEndArray();
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()));
    }

    private static void Write(Utf8JsonWriter json, ChangeValue value)
    {
        switch (value)
        {
            case ChangeMapping mapping:
                json.WriteStartObject();
                foreach (var entry in mapping.Entries.OrderBy(e => e.Key, StringComparer.Ordinal))
                {
                    json.WritePropertyName(entry.Key);
                    Write(json, entry.Value);
                }

                json.WriteEndObject();
                break;
            case ChangeList list:
                json.WriteStartArray();
                foreach (var item in list.Items)
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            case ChangeScalar scalar:
                // The kind goes with the text: 5 and "5" mean different things to a section.
                json.WriteStringValue(
                    scalar.Kind == ScalarKind.Text ? "=" + scalar.Text : $"{scalar.Kind}:{scalar.Text}"
                );
                break;
            default:
                throw new InvalidOperationException($"no canonical form for {value.GetType()}");
        }
    }
}
