using System.Text.RegularExpressions;

namespace Tidelock.Tests.House;

/// <summary>docs/verbs has a page for every verb, and a page names each option its verb has. The verbs are those of the approved help.</summary>
public sealed partial class VerbPagesTests
{
    /// <summary>Every verb has these; they stand in the folder's README.</summary>
    private static readonly string[] Common = ["--journal", "--json", "--lang", "--no-color", "--help"];

    /// <summary>Verbs that share a page.</summary>
    private static readonly Dictionary<string, string> Shared = new(StringComparer.Ordinal)
    {
        ["pause"] = "commands",
        ["continue"] = "commands",
        ["extend"] = "commands",
        ["abort"] = "commands",
        ["commands"] = "commands",
        ["unlock"] = "lock",
    };

    private static readonly string Pages = Path.Combine(Repository.Root, "docs", "verbs");
    private static readonly string Help = File.ReadAllText(
        Path.Combine(Repository.Root, "tests", "Tidelock.Cli.Tests", "approved", "help.en.txt")
    );

    public static TheoryData<string> Verbs() => [.. Sections().Matches(Help).Select(m => m.Groups["verb"].Value)];

    [Theory]
    [MemberData(nameof(Verbs))]
    public void The_page_of_a_verb_names_each_of_its_options_and_no_other(string verb)
    {
        var help = Help.Split($"\n== {verb}\n")[1].Split("\n== ")[0];
        var page = File.ReadAllText(Path.Combine(Pages, Shared.GetValueOrDefault(verb, verb) + ".md"));
        var options = Declared().Matches(help).Select(m => m.Groups["option"].Value).Except(Common).ToList();
        Assert.Equal("", string.Join(' ', options.Where(o => !page.Contains($"`{o}", StringComparison.Ordinal))));
        if (!Shared.ContainsKey(verb))
        {
            var told = Told().Matches(page).Select(m => m.Groups["option"].Value);
            Assert.Equal("", string.Join(' ', told.Except(options).Except(Common)));
        }
    }

    [Fact]
    public void The_list_of_verbs_links_to_every_page()
    {
        var list = File.ReadAllText(Path.Combine(Pages, "README.md"));
        var pages = Directory
            .EnumerateFiles(Pages, "*.md")
            .Select(p => Path.GetFileName(p))
            .Where(p => p != "README.md");
        Assert.Equal("", string.Join(' ', pages.Where(p => !list.Contains($"]({p})", StringComparison.Ordinal))));
        Assert.Equal("", string.Join(' ', Common.Where(o => !list.Contains($"`{o}", StringComparison.Ordinal))));
        Assert.True(Verbs().Count > 15);
    }

    [GeneratedRegex("^== (?<verb>[a-z]+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sections();

    /// <summary>An option in the first column of the help.</summary>
    [GeneratedRegex("^  (-., )*(?<option>--[a-z-]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Declared();

    /// <summary>An option in the first column of a page's table.</summary>
    [GeneratedRegex("^\\| (`-.`, )?`(?<option>--[a-z-]+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Told();
}
