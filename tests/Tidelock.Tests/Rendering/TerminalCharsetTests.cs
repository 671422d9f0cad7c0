using System.Text;
using Tidelock.Cli.Rendering;

namespace Tidelock.Tests.Rendering;

public sealed class TerminalCharsetTests
{
    [Theory]
    [InlineData("ko_KR.UTF-8", 65001)]
    [InlineData("C.utf8", 65001)]
    [InlineData("C", 65001)]
    [InlineData("ko_KR", 65001)]
    [InlineData("xx_YY.KOI8-R", 65001)]
    [InlineData("ko_KR.eucKR", 51949)]
    [InlineData("ko_KR.EUC-KR", 51949)]
    [InlineData("ko_KR.CP949", 949)]
    [InlineData("de_DE.ISO-8859-15@euro", 28591)]
    [InlineData("POSIX.ANSI_X3.4-1968", 20127)]
    public void The_locale_names_the_set_of_characters(string locale, int page) =>
        Assert.Equal(page, Of(("LANG", locale)).CodePage);

    [Fact]
    public void The_first_variable_that_is_set_decides() =>
        Assert.Equal(51949, Of(("LC_ALL", ""), ("LC_CTYPE", "ko_KR.eucKR"), ("LANG", "en_US.UTF-8")).CodePage);

    [Fact]
    public void Korean_is_written_as_a_korean_terminal_reads_it()
    {
        var encoding = Of(("LANG", "ko_KR.eucKR"));
        Assert.True(TerminalCharset.HasKorean(encoding));
        var bytes = encoding.GetBytes(" ✓ 백업 → 완료 ✗");
        Assert.Equal(" + 백업 → 완료 x", CodePagesEncodingProvider.Instance.GetEncoding(51949)!.GetString(bytes));
        Assert.Equal([0xB9, 0xE9], encoding.GetBytes("백"));
    }

    [Fact]
    public void Where_there_are_no_korean_letters_marks_are_plain_and_nothing_is_lost_but_foreign_letters()
    {
        var encoding = Of(("LANG", "en_US.ISO-8859-1"));
        Assert.False(TerminalCharset.HasKorean(encoding));
        Assert.Equal(
            " + backup -> production 5 ±1 ...",
            Encoding.Latin1.GetString(encoding.GetBytes(" ✓ backup → production 5 ±1 …"))
        );
        Assert.Equal("??", Encoding.Latin1.GetString(encoding.GetBytes("백😀")));
    }

    /// <summary>Every mark that screens draw has a plain one.</summary>
    [Theory]
    [InlineData("✓✗▶‖●↩↪⇄…·–−→≠≤≥±×µ░█▁▂▃▄▅▆▇")]
    public void No_mark_becomes_a_question_mark(string marks) =>
        Assert.DoesNotContain('?', Encoding.ASCII.GetString(Of(("LANG", "C.US-ASCII")).GetBytes(marks)));

    private static Encoding Of(params (string Name, string Value)[] variables) =>
        TerminalCharset.Of(variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal));
}
