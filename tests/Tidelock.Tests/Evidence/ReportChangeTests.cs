using Tidelock.Evidence;
using Tidelock.Migrations;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;
using static Tidelock.Tests.Evidence.RunClosures;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

/// <summary>What a plan foresaw beside what came of it, as a reader finds it.</summary>
public sealed class ReportChangeTests
{
    [Fact]
    public void What_was_planned_what_was_not_and_what_has_not_come_stand_beside_each_other()
    {
        var before = View("select 1 as id", "kim", null);
        var after = View("select 2 as id", "lee", "of V1");
        var foreseen = ClosureComparison.Differences(before, View("select 2  as id", "kim", "of V1"));
        var report = Report(before, after, [.. foreseen.Select(d => d.Short), Lost]);

        Assert.Equal(
            [
                ("definition", ChangeStanding.AsForeseen),
                ("owner", ChangeStanding.Unforeseen),
                ("comment", ChangeStanding.AsForeseen),
                ("grant SELECT to reporting", ChangeStanding.NotCome),
            ],
            report.Changes.Select(c => (c.What, c.Standing))
        );
        Assert.Equal(("kim", "lee"), (report.Changes[1].Before, report.Changes[1].After));
        var korean = ReportRenderer.Markdown(report, TextCatalog.Korean);
        Assert.Contains("| public.scores: owner | ! 계획에 없음 | `kim` | `lee` |", korean, StringComparison.Ordinal);
        Assert.Contains("\"standing\": \"NotCome\"", ReportRenderer.Json(report), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_kept_plan_a_difference_is_only_told_and_of_a_new_relation_only_that_it_came()
    {
        var report = Report(null, View("select 1 as id", "kim", "new"), null);
        var came = Assert.Single(report.Changes);
        Assert.Equal((null, ChangeStanding.Untold), (came.Before, came.Standing));
        Assert.DoesNotContain(report.Forecasts, f => f.Part is ForecastPart.Locks);
    }

    [Fact]
    public void What_was_to_be_locked_and_lost_stands_beside_what_was()
    {
        var report = Report(View("select 1 as id", "kim", null), View("select 2 as id", "kim", null), []);
        var locks = Assert.Single(report.Forecasts, f => f.Part is ForecastPart.Locks);
        Assert.Equal("public.scores", locks.ForeseenWords!.Arguments["relations"]);
        Assert.Equal("readers waited at most 48 ms.", locks.HappenedWords!.Code);
        var lost = Assert.Single(report.Forecasts, f => f.Part is ForecastPart.Losses);
        Assert.Equal(
            ("the backup restores.", "3 rows were lost."),
            (lost.ForeseenWords!.Code, lost.HappenedWords!.Code)
        );
    }

    [Fact]
    public void A_session_in_the_way_is_one_row_with_what_came_of_it()
    {
        var connected = Zero.AddMinutes(-5);
        BlockerActed Deed(int pid, bool isDone, string finding) =>
            new("migrate", nameof(BlockerAct.Cancel).ToLowerInvariant(), pid, connected, isDone, Said(finding));
        var story = new RunStory()
            .Started()
            .At(1, Deed(4711, false, "4711 holds public.scores"))
            .At(2, Deed(4712, false, "4712 holds public.scores"))
            .At(3, Deed(4711, true, "its query was cancelled"));
        var report = RunReport.Of(story.Entries, Zero.AddSeconds(10));
        Assert.Equal(
            [(4711, "its query was cancelled."), (4712, null)],
            report.Blockers.Select(b => (b.ProcessId, b.Outcome?.Code))
        );
        Assert.Empty(report.Decisions);
        Assert.Contains(
            "`cancel 4712`",
            ReportRenderer.Markdown(report, TextCatalog.English),
            StringComparison.Ordinal
        );
    }

    private static ClosureDifference Lost =>
        new(Scores, ClosurePart.Grant, "grant SELECT to reporting", "SELECT", null);

    private static RunReport Report(
        RelationClosure? before,
        RelationClosure after,
        IReadOnlyList<ClosureDifference>? foreseen
    )
    {
        var way = new RehearsedWay("definition", TimeSpan.FromSeconds(1), null) { Changes = foreseen };
        var story = new RunStory()
            .Started()
            .Gate("rollback", "the backup restores")
            .At(-127, (foreseen is null ? way : way with { Locked = ["public.scores"] }).AsEvent())
            .Fact(-4, "baseline", "closure", Closure(before))
            .Step("migrate", 0, 1, finding: "readers waited at most 48 ms")
            .Fact(2, "verify", "closure", Closure(after))
            .Step("rollback.revert", 3, 4, finding: "3 rows were lost");
        return RunReport.Of(story.Entries, Zero.AddSeconds(10));
    }
}
