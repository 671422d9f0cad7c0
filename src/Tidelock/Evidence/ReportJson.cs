using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>The report as JSON: camelCase, enums by name, every message with its English text beside its code. A public contract.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(SpokenMessageConverter)]
)]
[JsonSerializable(typeof(RunReport))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    /// <summary>Non-ASCII letters stay readable.</summary>
    public static ReportJson Readable =>
        field ??= new(
            new JsonSerializerOptions(Default.GeneratedSerializerOptions!)
            {
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}

/// <summary>Writes a message with its text, so that a reader of the JSON needs no catalog.</summary>
internal sealed class SpokenMessageConverter : JsonConverter<Message>
{
    public override Message Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Reports are written and not read.");

    public override void Write(Utf8JsonWriter writer, Message value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("code", value.Code);
        writer.WriteStartObject("arguments");
        foreach (var (name, argument) in value.Arguments)
        {
            writer.WriteString(name, argument);
        }

        foreach (var (name, part) in value.Parts ?? new Dictionary<string, Message>(StringComparer.Ordinal))
        {
            writer.WritePropertyName(name);
            Write(writer, part, options);
        }

        writer.WriteEndObject();
        writer.WriteString("text", TextCatalog.English.Render(value));
        writer.WriteEndObject();
    }
}
