using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Tidelock.Tests.House;

public sealed partial class TextsTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, "src", "Tidelock", "Texts");

    [Fact]
    public void Every_code_in_the_source_has_a_text()
    {
        var texts = Files("*.resx")
            .Where(f => !f.EndsWith(".ko.resx", StringComparison.Ordinal))
            .SelectMany(f => Read(f).Keys)
            .ToHashSet();
        var areas = texts.Select(t => t.Split('.')[0]).ToHashSet(StringComparer.Ordinal);
        var used = Sources()
            .SelectMany(f => Codes().Matches(File.ReadAllText(f)).Select(m => m.Groups["code"].Value))
            .Where(c => areas.Contains(c.Split('.')[0]));
        Assert.Empty(used.Where(c => !texts.Contains(c)).Distinct().Order());
    }

    [Fact]
    public void Every_text_stands_under_the_file_of_its_area() =>
        Assert.Empty(
            from file in Files("*.resx")
            from code in Read(file).Keys
            where
                !Path.GetFileName(file)
                    .StartsWith(
                        char.ToUpperInvariant(code[0]) + code.Split('.')[0][1..] + ".",
                        StringComparison.Ordinal
                    )
            select $"{Path.GetFileName(file)}: {code}"
        );

    [Fact]
    public void English_and_Korean_have_the_same_codes_and_placeholders()
    {
        var wrong =
            from file in Files("*.resx")
            where !file.EndsWith(".ko.resx", StringComparison.Ordinal)
            let english = Read(file)
            let korean = Read(Path.ChangeExtension(file, ".ko.resx"))
            from code in english.Keys.Union(korean.Keys)
            where
                !Placeholders(english.GetValueOrDefault(code)).SetEquals(Placeholders(korean.GetValueOrDefault(code)))
                || !english.ContainsKey(code)
                || !korean.ContainsKey(code)
            select code;
        Assert.Empty(wrong);
    }

    [Fact]
    public void Korean_texts_are_Korean()
    {
        var wrong =
            from file in Files("*.ko.resx")
            from text in Read(file)
            where Words().IsMatch(text.Value) && !Hangul().IsMatch(text.Value)
            select text.Key;
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_korean_particle_after_a_relation_fits_every_name() =>
        Assert.Empty(
            from file in Files("*.ko.resx")
            from text in Read(file)
            where FixedParticle().IsMatch(text.Value)
            select text.Key
        );

    private static HashSet<string> Placeholders(string? text) => [.. Holes().Matches(text ?? "").Select(m => m.Value)];

    private static string[] Files(string pattern) => Directory.GetFiles(Folder, pattern);

    private static IEnumerable<string> Sources() =>
        Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs*", SearchOption.AllDirectories)
            .Where(f =>
                !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal)
            );

    private static Dictionary<string, string> Read(string file) =>
        XDocument
            .Load(file)
            .Root!.Elements("data")
            .ToDictionary(e => e.Attribute("name")!.Value, e => e.Element("value")!.Value);

    [GeneratedRegex("\"(?<code>[a-z]+(?:\\.[a-z0-9-]+)+)\"", RegexOptions.None, 1000)]
    private static partial Regex Codes();

    [GeneratedRegex(@"\{[a-z0-9-]+\}", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Holes();

    [GeneratedRegex("[a-z]{3,} [a-z]{3,} [a-z]{3,}", RegexOptions.None, 1000)]
    private static partial Regex Words();

    [GeneratedRegex(@"\{relation\}(이|가|과|와|을|를|은|는) ", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FixedParticle();

    [GeneratedRegex("[가-힣]", RegexOptions.None, 1000)]
    private static partial Regex Hangul();
}
