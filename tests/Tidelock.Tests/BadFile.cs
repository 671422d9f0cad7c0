using System.Globalization;
using Tidelock.Changes;
using Tidelock.Tests.House;

namespace Tidelock.Tests;

/// <summary>
/// A change file with mistakes, under <c>Changes/bad</c>. Its first lines say what is expected:
/// <c># expect: CODE LINE:COLUMN</c> for each mistake, and <c># schema: silent, because …</c> where the schema cannot know.
/// </summary>
internal sealed record BadFile(string Name, string Text, IReadOnlyList<string> Expected, string? SchemaIsSilent)
{
    public static string Folder { get; } = Path.Combine(Repository.Root, "tests", "Tidelock.Tests", "Changes", "bad");

    public static IReadOnlyList<BadFile> All { get; } =
    [
        .. Directory
            .EnumerateFiles(Folder, "*.yaml")
            .Select(f => Read(Path.GetFileName(f)))
            .OrderBy(f => f.Name, StringComparer.Ordinal),
    ];

    /// <summary>Null where it is not even YAML.</summary>
    public ChangeValue? Tree => ChangeParser.Parse(Text, new MistakeList(Name));

    public static BadFile Read(string name)
    {
        var text = File.ReadAllText(Path.Combine(Folder, name));
        var lines = text.Split('\n');
        return new BadFile(
            name,
            text,
            [.. lines.Select(l => After(l, "# expect: ")).OfType<string>()],
            lines.Select(l => After(l, "# schema: silent, because ")).FirstOrDefault(l => l is not null)
        );
    }

    public static string Describe(Mistake mistake) =>
        string.Create(CultureInfo.InvariantCulture, $"{mistake.Problem.Code} {mistake.Line}:{mistake.Column}");

    private static string? After(string line, string prefix) =>
        line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..].Trim() : null;
}
