using System.Text.Json;
using NJsonSchema;
using Tidelock.Changes;
using Tidelock.Tests.House;

namespace Tidelock.Tests;

/// <summary>The schema that editors use and the loader that decides say the same, of good files and of bad ones.</summary>
public sealed class ChangeSchemaTests
{
    /// <summary>The keywords NJsonSchema enforces, and those that only describe.</summary>
    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "$schema",
        "$ref",
        "title",
        "description",
        "definitions",
        "type",
        "enum",
        "pattern",
        "minimum",
        "maximum",
        "required",
        "properties",
        "patternProperties",
        "additionalProperties",
        "minProperties",
        "items",
        "minItems",
        "anyOf",
        "oneOf",
        "not",
    };

    private static readonly string Schema = ChangeSchema.Text(TidelockServices.ChangeSections);
    private static readonly Task<JsonSchema> Parsed = JsonSchema.FromJsonAsync(Schema);

    public static TheoryData<string> GoodFiles() =>
        [
            .. new[] { "examples", "docs/examples", "tests/Tidelock.Tests/Changes" }
                .Select(f => Path.Combine(Repository.Root, f))
                .Where(Directory.Exists)
                .SelectMany(f => Directory.EnumerateFiles(f, "change.yaml", SearchOption.AllDirectories))
                .Select(f => Path.GetRelativePath(Repository.Root, f)),
        ];

    public static TheoryData<string> BadFileNames() => [.. BadFile.All.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(GoodFiles))]
    public async Task Schema_and_loader_accept_every_example(string file)
    {
        var path = Path.Combine(Repository.Root, file);
        var none = new Dictionary<string, string>(StringComparer.Ordinal);
        var reading = TidelockServices.ChangeLoader.Load(path, null, none);
        Assert.Equal("", string.Join('\n', reading.Mistakes.Select(m => m.Render(Texts.TextCatalog.English))));
        Assert.Equal("", string.Join('\n', await SchemaProblems(await File.ReadAllTextAsync(path))));
    }

    [Theory]
    [MemberData(nameof(BadFileNames))]
    public async Task Schema_refuses_what_the_loader_refuses(string name)
    {
        var bad = BadFile.Read(name);
        if (bad.SchemaIsSilent is null)
        {
            Assert.NotEmpty(await SchemaProblems(bad.Text));
        }
        else if (bad.Tree is not null)
        {
            Assert.Empty(await SchemaProblems(bad.Text));
        }
    }

    [Fact]
    public void Few_mistakes_are_beyond_the_schema()
    {
        var silent = BadFile.All.Count(f => f.SchemaIsSilent is not null);
        Assert.True(BadFile.All.Count >= 60, $"{BadFile.All.Count} bad files");
        Assert.True(silent * 2 < BadFile.All.Count, $"{silent} of {BadFile.All.Count} are beyond the schema");
    }

    [Fact]
    public void The_schema_uses_only_keywords_that_are_enforced()
    {
        using var document = JsonDocument.Parse(Schema);
        Assert.Empty(KeywordsOf(document.RootElement).Where(k => !Keywords.Contains(k)).Distinct());
    }

    [Fact]
    public void Every_key_of_the_schema_is_described_or_refers_to_a_description()
    {
        using var document = JsonDocument.Parse(Schema);
        var definitions = document.RootElement.GetProperty("definitions");
        var silent =
            from property in document.RootElement.GetProperty("properties").EnumerateObject()
            let target = property.Value.TryGetProperty("$ref", out var reference)
                ? definitions.GetProperty(reference.GetString()!["#/definitions/".Length..])
                : property.Value
            where !property.Value.TryGetProperty("description", out _) && !target.TryGetProperty("description", out _)
            select property.Name;
        Assert.Empty(silent);
    }

    private static async Task<IEnumerable<string>> SchemaProblems(string yaml)
    {
        var schema = await Parsed;
        var mistakes = new MistakeList("x");
        var tree = ChangeParser.Parse(yaml, mistakes);
        Assert.NotNull(tree);
        return schema.Validate(AsJson(tree)).Select(e => $"{e.Path}: {e.Kind}");
    }

    private static IEnumerable<string> KeywordsOf(JsonElement schema)
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            yield return keyword.Name;
            var inner = keyword.Name switch
            {
                "properties" or "patternProperties" or "definitions" => keyword
                    .Value.EnumerateObject()
                    .Select(p => p.Value),
                "anyOf" or "oneOf" => keyword.Value.EnumerateArray(),
                _ when keyword.Value.ValueKind == JsonValueKind.Object => [keyword.Value],
                _ => Enumerable.Empty<JsonElement>(),
            };
            foreach (var name in inner.SelectMany(KeywordsOf))
            {
                yield return name;
            }
        }
    }

    /// <summary>What an editor sees: the same document as JSON.</summary>
    private static string AsJson(ChangeValue value) =>
        value switch
        {
            ChangeMapping m => "{" + string.Join(",", m.Entries.Select(e => $"{Quote(e.Key)}:{AsJson(e.Value)}")) + "}",
            ChangeList l => "[" + string.Join(",", l.Items.Select(AsJson)) + "]",
            ChangeScalar { Kind: ScalarKind.Nothing } => "null",
            ChangeScalar { Kind: ScalarKind.Truth } s => s.Text.ToLowerInvariant(),
            ChangeScalar { Kind: ScalarKind.Text } s => Quote(s.Text),
            ChangeScalar s => s.Text,
            ChangeRefused => Quote("what an alias stands for"),
            _ => throw new InvalidOperationException(),
        };

    private static string Quote(string text) => $"\"{JsonEncodedText.Encode(text)}\"";
}
