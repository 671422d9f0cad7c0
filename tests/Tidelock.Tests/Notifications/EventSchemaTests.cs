using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using Tidelock.Runs;
using Tidelock.Tests.House;
using Tidelock.Tests.Runs;

namespace Tidelock.Tests.Notifications;

/// <summary>The schema that receivers of a webhook go by is that of the events. <c>TIDELOCK_APPROVE=1</c> writes it anew.</summary>
public sealed class EventSchemaTests
{
    private static readonly string Page = Path.Combine(Repository.Root, "docs", "notices", "journal-event.schema.json");

    [Fact]
    public void The_schema_in_the_documentation_is_that_of_the_journal()
    {
        var text = Text();
        if (Environment.GetEnvironmentVariable("TIDELOCK_APPROVE") == "1")
        {
            File.WriteAllText(Page, text);
        }

        Assert.Equal(File.ReadAllText(Page), text);
    }

    [Fact]
    public void It_knows_every_kind_of_event_and_every_key_of_it()
    {
        var kinds = JsonNode.Parse(File.ReadAllText(Page))!["anyOf"]!
            .AsArray()
            .ToDictionary(
                k => (string)k!["properties"]!["kind"]!["const"]!,
                k => k!.AsObject(),
                StringComparer.Ordinal
            );
        foreach (var e in SampleEvents.All)
        {
            var kind = kinds[e.GetType().Name];
            var payload = JsonNode.Parse(RunEvents.Format(e with { At = SampleEvents.Zero }))!.AsObject();
            var known = kind["properties"]!.AsObject().Select(p => p.Key);
            Assert.Equal("", string.Join(' ', payload.Select(p => p.Key).Except(known)));
            var required = kind["required"]?.AsArray().Select(r => (string)r!) ?? [];
            Assert.Equal("", string.Join(' ', required.Except(payload.Select(p => p.Key))));
        }
    }

    private static string Text()
    {
        var schema = RunJson.Readable.RunEvent.GetJsonSchemaAsNode(
            new JsonSchemaExporterOptions
            {
                TreatNullObliviousAsNonNullable = true,
                TransformSchemaNode = (_, node) => WithoutWhatIsLeftOut(node),
            }
        );
        using var bytes = new MemoryStream();
        using (
            var json = new Utf8JsonWriter(
                bytes,
                new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
            )
        )
        {
            schema.WriteTo(json);
        }

        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    /// <summary>What is null is not written, so it is not required.</summary>
    private static JsonNode WithoutWhatIsLeftOut(JsonNode node)
    {
        if (node is JsonObject schema && schema["required"] is JsonArray required && schema["properties"] is { } keys)
        {
            schema["required"] = new JsonArray([
                .. required.Select(r => (string)r!).Where(r => !MayBeNull(keys[r])).Select(r => (JsonNode)r),
            ]);
        }

        return node;
    }

    private static bool MayBeNull(JsonNode? property) =>
        property is not JsonObject schema
        || (schema["type"] is JsonArray types && types.Any(t => (string?)t == "null"))
        || (schema["enum"] is JsonArray values && values.Any(v => v is null))
        || (schema["type"] is null && schema["$ref"] is null && schema["const"] is null && schema["enum"] is null);
}
