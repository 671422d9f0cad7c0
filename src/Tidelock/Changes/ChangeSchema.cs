using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tidelock.Changes;

/// <summary>The JSON Schema of a change file, put together from the fragments of its sections: what editors use for completion.</summary>
public static class ChangeSchema
{
    /// <summary>The schema, indented.</summary>
    public static string Text(IReadOnlyList<IChangeSection> sections)
    {
        var root = Fragment(SchemaFragments.Beside<ChangeLoader>("head"));
        var environment = Fragment(SchemaFragments.Beside<ChangeLoader>("environment"));
        var definitions = Fragment(SchemaFragments.Beside<ChangeLoader>("common"));
        foreach (var section in sections)
        {
            definitions[section.Key] = Fragment(section.SchemaFragment);
            root["properties"]![section.Key] = Reference(section.Key);
            if (section.PerEnvironment)
            {
                environment["properties"]![section.Key] = Reference(section.Key);
            }
        }

        definitions["environment"] = environment;
        root["definitions"] = definitions;
        return Indented(root);
    }

    /// <summary>The schema of another file that writes some sections as a change does, indented.</summary>
    /// <param name="root">Its own fragment, which refers to the sections by their keys.</param>
    /// <param name="sections">The sections.</param>
    internal static string Text(string root, IReadOnlyList<IChangeSection> sections)
    {
        var schema = Fragment(root);
        var definitions = Fragment(SchemaFragments.Beside<ChangeLoader>("common"));
        foreach (var section in sections)
        {
            definitions[section.Key] = Fragment(section.SchemaFragment);
        }

        schema["definitions"] = definitions;
        return Indented(schema);
    }

    private static JsonObject Fragment(string json) => JsonNode.Parse(json)!.AsObject();

    private static JsonObject Reference(string definition) => new() { ["$ref"] = $"#/definitions/{definition}" };

    private static string Indented(JsonObject schema)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            schema.WriteTo(json);
        }

        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }
}
