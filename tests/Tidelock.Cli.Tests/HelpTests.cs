using System.Text;
using System.Text.RegularExpressions;
using Tidelock.Tests.Evidence;

namespace Tidelock.Cli.Tests;

public sealed partial class HelpTests(NativeProgram program)
{
    [Theory]
    [InlineData("en")]
    [InlineData("ko")]
    public async Task The_help_of_every_verb_is_what_was_approved(string language)
    {
        using var place = new Workplace(program);
        var root = await place.RunAsync("--help", "--lang", language);
        var all = new StringBuilder(root.Output);
        foreach (Match verb in Names().Matches(root.Output))
        {
            var help = await place.RunAsync(verb.Groups["name"].Value, "--help", "--lang", language);
            Assert.Equal(0, help.ExitCode);
            all.Append("\n== ").Append(verb.Groups["name"].Value).Append('\n').Append(help.Output);
        }

        Assert.Contains("== rollback", all.ToString(), StringComparison.Ordinal);
        Approved.Matches($"help.{language}.txt", all.ToString());
    }

    [Fact]
    public async Task It_is_had_by_a_word_as_well_as_by_an_option()
    {
        using var place = new Workplace(program);
        Assert.Equal((await place.RunAsync("--help")).Output, (await place.RunAsync("help")).Output);
        var verb = await place.RunAsync("help", "deny", "--lang", "ko");
        Assert.Equal((await place.RunAsync("deny", "--help", "--lang", "ko")).Output, verb.Output);
        Assert.Equal(0, verb.ExitCode);
    }

    [Fact]
    public async Task Korean_is_taken_from_the_locale_and_an_option_goes_before_it()
    {
        using var place = new Workplace(program);
        place.Variables["LANG"] = "ko_KR.UTF-8";
        Assert.Contains("사용법", (await place.RunAsync("--help")).Output, StringComparison.Ordinal);
        Assert.Contains("Usage", (await place.RunAsync("--help", "--lang", "en")).Output, StringComparison.Ordinal);
        place.Variables["TIDELOCK_LANG"] = "en";
        Assert.Contains("Usage", (await place.RunAsync("--help")).Output, StringComparison.Ordinal);
    }

    /// <summary>Whatever the terminal's set of characters is, who reads a pipe or a file gets all letters.</summary>
    [Theory]
    [InlineData("ko_KR.eucKR")]
    [InlineData("ko_KR.ISO-8859-1")]
    public async Task A_pipe_gets_utf_8_whatever_the_locale_says(string locale)
    {
        using var place = new Workplace(program);
        place.Variables["LANG"] = locale;
        Assert.Contains("사용법", (await place.RunAsync("--help")).Output, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"^  (?<name>[a-z]+)(?= <| {2,})", RegexOptions.Multiline, 1000)]
    private static partial Regex Names();
}
