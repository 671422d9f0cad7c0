using System.Text.Json;
using Tidelock.Changes;
using Tidelock.Tests.House;

namespace Tidelock.Tests;

public sealed class ChangeReferenceTests
{
    private static readonly string Reference = File.ReadAllText(
        Path.Combine(Repository.Root, "docs", "change-reference.md")
    );

    [Fact]
    public void The_reference_names_every_key_of_the_schema()
    {
        using var schema = JsonDocument.Parse(ChangeSchema.Text(TidelockServices.ChangeSections));
        string[] ends = ["`", ".", ":"];
        var absent = Properties(schema.RootElement)
            .Distinct()
            .Where(k =>
                !ends.Any(e =>
                    Reference.Contains($"`{k}{e}", StringComparison.Ordinal)
                    || Reference.Contains($".{k}{e}", StringComparison.Ordinal)
                )
            );
        Assert.Empty(absent);
    }

    [Fact]
    public void The_examples_it_shows_are_the_files_the_tests_load()
    {
        var shown = Reference.Split("```yaml\n").Skip(1).Select(b => b.Split("```")[0]);
        var files = Directory
            .EnumerateFiles(
                Path.Combine(Repository.Root, "docs", "examples"),
                "change.yaml",
                SearchOption.AllDirectories
            )
            .Select(File.ReadAllText)
            .ToList();
        Assert.All(shown, s => Assert.Contains(files, f => f.Contains(s, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Properties(JsonElement schema) =>
        schema.ValueKind switch
        {
            JsonValueKind.Array => schema.EnumerateArray().SelectMany(Properties),
            JsonValueKind.Object => schema
                .EnumerateObject()
                .SelectMany(p =>
                    p.Name == "properties"
                        ? p.Value.EnumerateObject().SelectMany(k => Properties(k.Value).Prepend(k.Name))
                        : Properties(p.Value)
                ),
            _ => [],
        };
}
