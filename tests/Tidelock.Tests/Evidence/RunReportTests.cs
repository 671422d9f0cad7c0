using System.Text.Json;
using Tidelock.Contracts;
using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

public sealed class RunReportTests
{
    [Fact]
    public void A_completed_run_says_so_first_and_shows_the_overridden_gate_in_red()
    {
        var report = Of(RunStories.Completed());
        var page = ReportRenderer.Markdown(report, TextCatalog.English);
        Assert.Equal(RunStanding.Completed, report.Outcome.Standing);
        Assert.StartsWith("# attempt-view-v1 → production: ✓ completed\n", page, StringComparison.Ordinal);
        Assert.Contains("🔴 **Gate dashboards was overridden by mina", page, StringComparison.Ordinal);
        Approved.Matches("completed.en.md", page);
        Approved.Matches("completed.ko.md", ReportRenderer.Markdown(report, TextCatalog.Korean));
    }

    [Fact]
    public void A_rolled_back_run_says_why_and_that_nothing_is_in_place()
    {
        var report = Of(RunStories.RolledBack());
        Assert.Equal(RunStanding.RolledBack, report.Outcome.Standing);
        Assert.False(report.Outcome.InPlace);
        Assert.Contains(report.Decisions, d => d is { Kind: DecisionKind.RollbackStarted, By: null });
        Assert.Contains(report.Watch!.Criteria, c => c is { Breached: 1, Nearest: 1 });
        Assert.Contains(report.Steps, s => s is { Step: "rollback.revert", Rollback: 1 });
        Assert.Equal(
            [CandidateStanding.Holds, CandidateStanding.Unchecked],
            report.Candidate!.Checks.Select(c => c.Standing)
        );
        Assert.Contains("public.best()", ReportRenderer.Json(report), StringComparison.Ordinal);
        var content = Assert.Single(report.Contents);
        Assert.Equal(
            ("baseline", true, 133333L),
            (content.Step, content.Findings.AsDeclared, content.Findings.Columns[2].Rows)
        );
        Assert.Contains(
            "(session-1,1020): 1152921 → -8123",
            ReportRenderer.Json(report) + ReportRenderer.Markdown(report, TextCatalog.English),
            StringComparison.Ordinal
        );
        Approved.Matches("rolled-back.en.md", ReportRenderer.Markdown(report, TextCatalog.English));
        Approved.Matches("rolled-back.ko.md", ReportRenderer.Markdown(report, TextCatalog.Korean));
    }

    [Theory]
    [InlineData("en", "| restore | ✓ passed | 41 s | jobs: 2, as postgres, with ANALYZE |")]
    [InlineData("ko", "| 복구 | ✓ 통과 | 41 s | 병렬 작업 2개, postgres 권한으로, ANALYZE 포함 |")]
    public void A_rehearsal_on_the_backup_stands_in_the_evidence_part_by_part(string language, string row)
    {
        var story = new RunStory()
            .Started()
            .At(-120, new StepStarted("backup", 1))
            .Fact(-100, "backup", "rehearsal", RunStories.Rehearsal)
            .At(-99, new StepEnded("backup", StepResult.Refused, Said("not proven")));

        var report = Of(story);

        Assert.Equal(Tidelock.Backups.RehearsalPart.FixPoints, report.Rehearsed!.Failed!.Part);
        var page = ReportRenderer.Markdown(report, TextCatalog.For(language));
        Assert.Contains(row, page, StringComparison.Ordinal);
        Assert.Contains("\"part\": \"FixPoints\"", ReportRenderer.Json(report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_held_run_says_why_it_waits_and_when_it_acts_by_itself()
    {
        var report = Of(RunStories.Held(), 500);
        Assert.Equal(RunStanding.Held, report.Outcome.Standing);
        Assert.Equal(Zero.AddSeconds(1030), report.Outcome.ActsAt);
        Assert.Equal(13, report.Watch!.Signals.Single(s => s.Signal == "p95").Watch.Errors);
        Approved.Matches("held.en.md", ReportRenderer.Markdown(report, TextCatalog.English));
        Approved.Matches("held.ko.md", ReportRenderer.Markdown(report, TextCatalog.Korean));
    }

    [Fact]
    public void Looks_beside_the_steps_before_the_watch_are_none_of_its_ticks()
    {
        var look = new WatchTicked(false, [Tidelock.Probes.Sample.Of("p95", Zero, 0.2)], []);
        var before = new RunEvent[] { look with { At = Zero }, look with { At = Zero.AddSeconds(5) } };
        Assert.Equal(2, ReportWatch.Of(before)!.Ticks);
        var began = new StepStarted("watch", 1) { At = Zero.AddSeconds(6) };
        Assert.Equal(1, ReportWatch.Of([.. before, began, look with { At = Zero.AddSeconds(10) }])!.Ticks);
    }

    [Fact]
    public void A_watch_that_judged_nothing_says_so_and_one_that_judged_does_not()
    {
        var look = new WatchTicked(false, [Tidelock.Probes.Sample.Of("p95", Zero, 0.2)], []);
        var unjudged = Of(
            new RunStory()
                .Started()
                .At(0, new StepStarted("watch", 1))
                .Fact(1, "watch", "rules", """{"signals":[],"rules":[]}""")
                .At(5, look)
        );
        Assert.Contains(
            "Nothing was judged",
            ReportRenderer.Markdown(unjudged, TextCatalog.English),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "판정한 것이 없습니다",
            ReportRenderer.Markdown(unjudged, TextCatalog.Korean),
            StringComparison.Ordinal
        );
        var judged = ReportRenderer.Markdown(Of(RunStories.Completed()), TextCatalog.English);
        Assert.DoesNotContain("Nothing was judged", judged, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_was_told_over_which_channel_and_what_did_not_get_through_stands_in_the_report()
    {
        var slack = new Dictionary<string, string>(StringComparer.Ordinal) { ["channel"] = "C42", ["ts"] = "1764.5" };
        var story = RunStories
            .Completed()
            .At(1831, new NoticeSent("slack", 200, new string('a', 64), slack))
            .At(1832, new NoticeSent("slack", 226, new string('b', 64), slack))
            .At(1833, new NoticeFailed("pagerduty", Said("answered 500"), slack));
        var report = Of(story);
        Assert.Equal(
            [("pagerduty", 0, 1, 0L), ("slack", 2, 0, 226L)],
            report.Notices.Select(n => (n.Channel, n.Sent, n.Failed, n.Upto)).Order()
        );
        var page = ReportRenderer.Markdown(report, TextCatalog.English);
        Assert.Contains("told up to event 226: 2 sent", page, StringComparison.Ordinal);
        Assert.Contains("nothing got through (1 failed): answered 500", page, StringComparison.Ordinal);
        Assert.Contains("channel C42, ts 1764.5", page, StringComparison.Ordinal);
        Assert.Contains("event 226", Assert.Single(report.AnchorsElsewhere).ToString(), StringComparison.Ordinal);
        Assert.Contains("전송 실패", ReportRenderer.Markdown(report, TextCatalog.Korean), StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_foreseen_stands_beside_what_happened()
    {
        var story = RunStories
            .RolledBack()
            .Fact(
                1084,
                "prerequisites",
                "way",
                """{ "method": "definition", "forwardTook": "00:00:00.041", "backTook": "00:00:00.038" }"""
            );
        var report = Of(story);
        Assert.Equal(
            [
                new(ForecastPart.Migration, TimeSpan.FromMilliseconds(41), TimeSpan.FromSeconds(1.5)),
                new(ForecastPart.Watch, TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(1055)),
                new ReportForecast(ForecastPart.WayBack, TimeSpan.FromMilliseconds(38), TimeSpan.FromSeconds(1)),
            ],
            report.Forecasts
        );
        Assert.Contains(
            "| The way back | 38 ms | 1 s |",
            ReportRenderer.Markdown(report, TextCatalog.English),
            StringComparison.Ordinal
        );
        Assert.Contains("예상과 실제", ReportRenderer.Markdown(report, TextCatalog.Korean), StringComparison.Ordinal);
    }

    [Fact]
    public void The_policy_a_run_was_held_to_stands_in_its_head()
    {
        var story = new RunStory().At(
            0,
            (RunStarted)RunEvents.Parse(RunStories.Completed().Entries[0]) with
            {
                Policy = new Tidelock.Policies.PolicyMark("tidelock.yaml", new string('c', 64)),
            }
        );
        var page = ReportRenderer.Markdown(Of(story), TextCatalog.English);
        Assert.Contains($"tidelock.yaml `{new string('c', 64)}`", page, StringComparison.Ordinal);
        Assert.Contains("\"policy\": {", ReportRenderer.Json(Of(story)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_seen_since_the_run_stands_in_its_report()
    {
        var folder = Directory.CreateTempSubdirectory("tidelock-soak-").FullName;
        await using var journal = await Tidelock.Runs.Sqlite.SqliteJournal.OpenAsync(
            Path.Combine(folder, "journal.db"),
            default
        );
        var report = RunReport.Of(RunStories.Completed().Entries, Zero.AddHours(4));
        Assert.Null((await report.WithSoakAsync(journal, default)).Soak);
        var none = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (at, breach) in ((double, string?)[])[(3600, null), (5400, "p95 612 ms"), (7200, null)])
        {
            var look = new SoakLook(
                Run,
                Zero.AddSeconds(at - 9),
                Zero.AddSeconds(at),
                "mina",
                "bastion-1",
                breach is null ? [] : [Said(breach)],
                [],
                none
            )
            {
                Gap = TimeSpan.FromMinutes(10),
            };
            await new SoakBook(journal, report.Header!.Digest, report.Header.Environment).AddAsync(look, default);
        }

        var soaked = await report.WithSoakAsync(journal, default);
        Assert.Equal((2, TimeSpan.Zero), (soaked.Soak!.Standing.Looks, soaked.Soak.Standing.Longest.Lasted));
        var page = ReportRenderer.Markdown(soaked, TextCatalog.English);
        Assert.Contains("## After the run", page, StringComparison.Ordinal);
        Assert.Contains("It did not hold at 2026-11-22 18:30:00Z: p95 612 ms.", page, StringComparison.Ordinal);
        Assert.Contains("Nobody looked from 2026-11-22 19:00:00Z", page, StringComparison.Ordinal);
        Assert.Contains("looks at most 10 min apart", page, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_broken_chain_is_reported_with_the_rest_of_the_run()
    {
        var entries = RunStories.Completed().Entries;
        var report = RunReport.Of([.. entries.Take(20), .. entries.Skip(21)], Zero.AddHours(2));
        Assert.False(report.Chain.IsSound);
        var page = ReportRenderer.Markdown(report, TextCatalog.English);
        Assert.Contains("does not hold", page, StringComparison.Ordinal);
        Assert.Contains("✓ completed", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Kinds_of_a_newer_version_and_payloads_that_cannot_be_read_do_not_stop_a_report()
    {
        var story = RunStories.Completed();
        story
            .Stored("TideTurned", """{"kind":"TideTurned","height":3}""")
            .Stored("RunHeld", """{"kind":"RunHeld","reason":7}""");
        var report = Of(story);
        Assert.Equal(["evidence.unread.kind", "evidence.unread.payload"], report.Unread.Select(u => u.Reason.Code));
        Assert.Equal(RunStanding.Completed, report.Outcome.Standing);
        Assert.Contains("TideTurned", ReportRenderer.Markdown(report, TextCatalog.Korean), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_whose_first_event_is_lost_is_reported_all_the_same()
    {
        var report = RunReport.Of([.. RunStories.Completed().Entries.Skip(1)], Zero.AddHours(2));
        Assert.Null(report.Header);
        Assert.Contains(
            "could not be read",
            ReportRenderer.Markdown(report, TextCatalog.English),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void No_entries_make_a_report_that_proves_nothing()
    {
        var report = RunReport.Of([], Zero);
        Assert.Equal(RunStanding.Unknown, report.Outcome.Standing);
        Assert.False(report.Chain.IsSound);
        Assert.NotEmpty(ReportRenderer.Markdown(report, TextCatalog.English));
    }

    [Fact]
    public void Words_of_others_stay_words_in_Markdown()
    {
        var story = new RunStory()
            .Started("a|b\nc", "<script>alert(1)</script> `x` | *y*")
            .Gate("approval", by: "o'neil | x");
        var page = ReportRenderer.Markdown(Of(story), TextCatalog.English);
        Assert.DoesNotContain("<script>", page, StringComparison.Ordinal);
        Assert.StartsWith("# a\\|b c → production", page, StringComparison.Ordinal);
        Assert.Contains("| o'neil \\| x |", page, StringComparison.Ordinal);
    }

    [Fact]
    public void The_JSON_is_a_contract_and_carries_codes_and_texts()
    {
        var text = ReportRenderer.Json(Of(RunStories.RolledBack()));
        using var json = JsonDocument.Parse(text);
        var root = json.RootElement;
        Assert.Equal("tidelock/report/v1", root.GetProperty("format").GetString());
        Assert.Equal("RolledBack", root.GetProperty("outcome").GetProperty("standing").GetString());
        Assert.Equal(
            "the old view is back.",
            root.GetProperty("outcome").GetProperty("finding").GetProperty("text").GetString()
        );
        Assert.True(root.GetProperty("chain").GetProperty("isSound").GetBoolean());
        Approved.Matches("rolled-back.json", text);
    }

    [Fact]
    public void A_second_rollback_leaves_the_steps_of_the_first_in_the_report()
    {
        var story = RunStories
            .RolledBack()
            .At(9000, new RollbackStarted("backup", Said("by hand"), "mina"))
            .Step("rollback.revert", 9001, 9002);
        Assert.Equal([1, 2], Of(story, 9100).Steps.Where(s => s.Step == "rollback.revert").Select(s => s.Rollback));
    }

    private static RunReport Of(RunStory story, double now = 4000) => RunReport.Of(story.Entries, Zero.AddSeconds(now));
}
