using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Texts;

namespace Tidelock.Tests.Rendering;

public sealed class StopScreenTests
{
    private static readonly StopAdvice Advice = new(
        Message.Of("evidence.safe.in-place"),
        [
            new("tidelock resume 01JDK3V4Q8Z5W6X7Y8Z9A0B1C2", Message.Of("evidence.next.resume")),
            new(
                "tidelock plan /srv/changes/with/a/rather/long/path/of/folders/attempt-view-v1 --env production",
                Message.Of("evidence.next.plan")
            ),
        ],
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["on-call"] = "PagerDuty",
            ["database"] = "Slack #db-ops",
        }
    );

    [Theory]
    [InlineData("en", "now", "next", "call")]
    [InlineData("ko", "현재", "다음", "연락처")]
    public void What_is_safe_what_to_type_and_whom_to_call_come_in_that_order(
        string language,
        string safe,
        string next,
        string call
    )
    {
        var text = string.Join('\n', Lines(language));
        var places = new[] { safe, next, call }.Select(l => text.IndexOf(l + " ", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
        Assert.Contains("on-call: PagerDuty", text, StringComparison.Ordinal);
    }

    /// <summary>It is pasted into a shell, which would run the pieces of one that is broken.</summary>
    [Fact]
    public void A_command_stands_on_a_line_of_its_own_however_narrow_the_terminal() =>
        Assert.All(
            Advice.Next,
            n => Assert.Contains(Lines("en"), l => l.Trim().Equals(n.Command, StringComparison.Ordinal))
        );

    private static IReadOnlyList<string> Lines(string language) =>
        [
            .. new RowLayout(60, colored: false).Lines(
                new StopRows(new ReportWords(TextCatalog.For(language))).Rows(Advice)
            ),
        ];
}
