using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using NJsonSchema;
using Tidelock.Runs;
using Tidelock.Tests.House;
using Tidelock.Tests.Runs;

namespace Tidelock.Tests.Notifications;

/// <summary>The schema that receivers of a webhook go by is that of the events.</summary>
public sealed class EventSchemaTests
{
    private static readonly string Page = Path.Combine(Repository.Root, "docs", "notices", "journal-event.schema.json");

    [Fact]
    public void The_schema_in_the_documentation_is_that_of_the_journal()
    {
        var schema = RunJson.Readable.RunEvent.GetJsonSchemaAsNode();
        var options = new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, options))
        {
            schema.WriteTo(json);
        }

        var text = System.Text.Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
        if (Environment.GetEnvironmentVariable("TIDELOCK_APPROVE") is { Length: > 0 })
        {
            File.WriteAllText(Page, text);
        }

        Assert.Equal(File.ReadAllText(Page), text);
    }

    [Fact]
    public async Task Every_kind_of_event_fits_it()
    {
        var schema = await JsonSchema.FromJsonAsync(await File.ReadAllTextAsync(Page));
        foreach (var e in SampleEvents.All)
        {
            var payload = RunEvents.Format(e with { At = SampleEvents.Zero });
            Assert.Equal("", string.Join('\n', schema.Validate(payload).Select(p => $"{e.GetType().Name} {p}")));
            Assert.Contains(
                $"\"const\": \"{e.GetType().Name}\"",
                await File.ReadAllTextAsync(Page),
                StringComparison.Ordinal
            );
        }

        Assert.NotEmpty(schema.Validate("""{"kind":"RunEnded"}"""));
    }
}
