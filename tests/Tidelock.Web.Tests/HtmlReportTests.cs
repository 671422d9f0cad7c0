using System.Text;
using System.Text.RegularExpressions;
using Tidelock.Evidence;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Tests.Evidence;
using Tidelock.Texts;
using Tidelock.Watching;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Web.Tests;

public sealed partial class HtmlReportTests
{
    [Fact]
    public async Task A_held_run_says_first_that_it_waits_and_draws_the_hole_in_its_data()
    {
        var report = RunReport.Of(RunStories.Held().Entries, Zero.AddSeconds(500));
        var page = await HtmlReport.RenderAsync(report, TextCatalog.English, TestContext.Current.CancellationToken);
        Assert.InRange(
            page.IndexOf("no data from Prometheus", StringComparison.Ordinal),
            0,
            page.IndexOf("<dl", StringComparison.Ordinal)
        );
        Assert.Contains("class=\"hole\"", page, StringComparison.Ordinal);
        Approved.Matches("held.en.html", page);
        Approved.Matches(
            "held.ko.html",
            await HtmlReport.RenderAsync(report, TextCatalog.Korean, TestContext.Current.CancellationToken)
        );
    }

    [Fact]
    public async Task An_overridden_gate_stands_in_an_alarm_above_everything()
    {
        var page = await PageAsync(RunStories.Completed());
        var alarm = page.IndexOf("class=\"alarm\"", StringComparison.Ordinal);
        Assert.InRange(alarm, 0, page.IndexOf("class=\"timeline\"", StringComparison.Ordinal));
        Assert.Contains("Gate dashboards was overridden by mina", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rehearsal_on_a_part_of_the_backup_says_so_above_its_parts()
    {
        var page = await PageAsync(new RunStory().Started().Fact(-100, "backup", "rehearsal", RunStories.Rehearsal));
        var part = page.IndexOf("Only a part of the data: the schema of 132 tables", StringComparison.Ordinal);
        Assert.InRange(part, 0, page.IndexOf("<b>fix-points</b>", StringComparison.Ordinal));
        Assert.Contains("public.notes had 20 rows and has 19", page, StringComparison.Ordinal);
        Assert.Contains("public.attempt differs from itself", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_chain_stands_in_an_alarm_above_everything()
    {
        var entries = RunStories.RolledBack().Entries;
        var report = RunReport.Of([.. entries.Take(9), .. entries.Skip(10)], Zero.AddHours(1));
        var page = await HtmlReport.RenderAsync(report, TextCatalog.English, TestContext.Current.CancellationToken);
        Assert.InRange(
            page.IndexOf("does not hold", StringComparison.Ordinal),
            0,
            page.IndexOf("class=\"timeline\"", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Every_bound_of_a_signal_is_drawn_or_named()
    {
        var page = await PageAsync(RunStories.RolledBack());
        Assert.Equal(3, Count(page, "class=\"bound\""));
        Assert.Contains("Not drawn, beyond the plot: error_rate &gt; 1% for 5m", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_changed_stands_beside_the_plan_and_a_session_in_the_way_has_a_row()
    {
        var page = await PageAsync(RunClosures.Changed());
        Assert.Contains("<b>public.scores</b> owner</td>", page, StringComparison.Ordinal);
        Assert.Contains("</span> not planned</td>", page, StringComparison.Ordinal);
        Assert.Contains("<code class=\"text\">lee</code>", page, StringComparison.Ordinal);
        Assert.Contains("Nobody can read public.scores while the change is made", page, StringComparison.Ordinal);
        Assert.Contains("<code>cancel 4711</code>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>goes on", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Words_of_others_never_become_markup()
    {
        const string Evil = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
        var story = new RunStory()
            .Started(Evil, Evil)
            .Gate(Evil, Evil, by: Evil, overridden: true)
            .Step("verify" + Evil, 1, 2, finding: Evil)
            .Fact(3, "verify" + Evil, Evil, """{ "a": "</pre><script>alert(1)</script>" }""")
            .At(4, Tick(4, Evil, 1))
            .At(5, new RunEnded(RunResult.NeedsPerson, Said(Evil)))
            .Stored(Evil, "{}");
        var page = await PageAsync(story);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch(Handler(), Quoted().Replace(page, ""));
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://git.example/data/pull/73", true)]
    [InlineData("RUNBOOK.md", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("data:text/html,hello", false)]
    public async Task Only_plain_addresses_can_be_clicked(string address, bool clickable)
    {
        var story = new RunStory().Started(link: address);
        var page = await PageAsync(story);
        Assert.Equal(clickable, page.Contains($"<a href=\"{address}\"", StringComparison.Ordinal));
        Assert.Contains(address, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_fetched_and_nothing_is_run()
    {
        var page = await PageAsync(RunStories.Completed());
        Assert.DoesNotMatch(Fetching(), page);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_day_of_twenty_signals_every_five_seconds_stays_small_in_each_language_and_loses_no_spike()
    {
        var report = LongRun.Report;
        Assert.Equal(20, report.Watch!.Signals.Count);
        Assert.All(
            report.Watch.Signals.Where(s => s.Signal.StartsWith("connections", StringComparison.Ordinal)),
            s => Assert.Equal(987, s.Columns.Max(c => c.Max))
        );
        Assert.All(report.Watch.Signals, s => Assert.InRange(s.Columns.Count, 450, SignalColumn.Most));
        Assert.InRange(Bytes(ReportRenderer.Json(report)), 100_000, 3_000_000);
        foreach (var language in (string[])["en", "ko"])
        {
            var page = await LongRun.PageAsync(language);
            Assert.InRange(Bytes(page), 100_000, 3_000_000);
            Assert.Equal(20, Count(page, "<figure"));
            Assert.Contains("class=\"bound\"", page, StringComparison.Ordinal);
            Assert.Contains("class=\"hole\"", page, StringComparison.Ordinal);
            Assert.InRange(Bytes(ReportRenderer.Markdown(report, TextCatalog.For(language))), 1000, 60_000);
        }
    }

    [Fact]
    public async Task An_empty_journal_and_a_lost_first_event_are_pages_too()
    {
        Assert.Contains("nothing is proven", await PageAsync(new RunStory()), StringComparison.Ordinal);
        var report = RunReport.Of([.. RunStories.Completed().Entries.Skip(1)], Zero);
        var page = await HtmlReport.RenderAsync(report, TextCatalog.English, TestContext.Current.CancellationToken);
        Assert.Contains("could not be read", page, StringComparison.Ordinal);
    }

    private static WatchTicked Tick(double at, string signal, double value) =>
        new(
            false,
            [Sample.Of(signal, Zero.AddSeconds(at), value)],
            [new Verdict($"{signal} < 1000", VerdictState.Healthy, Said("inside"), 0)]
        );

    private static Task<string> PageAsync(RunStory story) =>
        HtmlReport.RenderAsync(
            RunReport.Of(story.Entries, Zero.AddSeconds(4000)),
            TextCatalog.English,
            TestContext.Current.CancellationToken
        );

    private static int Bytes(string text) => Encoding.UTF8.GetByteCount(text);

    private static int Count(string page, string part) => page.Split(part).Length - 1;

    [GeneratedRegex("\"[^\"<>]*\"", RegexOptions.None, 5000)]
    private static partial Regex Quoted();

    [GeneratedRegex("<[^>]*\\son[a-z]+=", RegexOptions.IgnoreCase, 5000)]
    private static partial Regex Handler();

    [GeneratedRegex(
        """(src|href|url\()=?["']?(https?:)?//|@import|<link|<iframe""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        5000
    )]
    private static partial Regex Fetching();
}
