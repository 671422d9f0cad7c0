using Spectre.Console;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Tests.Evidence;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Rendering;

/// <summary>What a restore would lose stands wherever somebody looks at the run.</summary>
public sealed class AtStakeTests
{
    [Theory]
    [InlineData("en", "12,431 rows")]
    [InlineData("ko", "12,431행")]
    public void Screen_status_and_report_show_what_a_restore_would_lose(string language, string rows)
    {
        var texts = TextCatalog.For(language);
        var story = RunStories.Held();
        var at = RunEvents.Parse(story.Entries[^1]).At;
        story.At(
            (at - SampleEvents.Zero).TotalSeconds + 1,
            new PointOfNoReturn(at, at.AddMinutes(-10), 12431, ["public.exam_results 12,400"]).AsEvent()
        );
        var (entries, now) = (story.Entries, at.AddSeconds(5));
        var words = new ReportWords(texts);
        var events = entries.Select(RunEvents.Parse).ToList();
        var state = RunState.Of(events);

        Assert.Contains(rows, ReportRenderer.Markdown(RunReport.Of(entries, now), texts), StringComparison.Ordinal);
        Assert.Contains("\"rows\": 12431", ReportRenderer.Json(RunReport.Of(entries, now)), StringComparison.Ordinal);
        var live = new LiveRegion(words, _ => Message.Of("cli.rollback.ways"));
        Holds(live.Rows(state, events, null, null, [], now), rows);
        Holds(new RunScreen(words).Rows(RunReport.Of(entries, now), entries, now), rows);
        Holds([new EventRow(words).Of(events[^1], state)!], rows);
    }

    private static void Holds(IEnumerable<Row> rows, string text)
    {
        var lines = new RowLayout(80, colored: false).Lines([.. rows]).ToList();
        Assert.Contains(text, string.Join(' ', lines.Select(l => l.Trim())), StringComparison.Ordinal);
        Assert.All(lines, l => Assert.True(l.GetCellWidth() <= 80, l));
    }
}
