using Tidelock.Evidence;
using Tidelock.Runs;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

public sealed class TimelineTests
{
    [Fact]
    public void A_run_in_time_has_done_every_point()
    {
        var timeline = Of(RunStories.Completed(), 4000);
        Assert.Equal(Zero, timeline.Zero);
        Assert.Equal(["T-30", "T-0", "T+5", "T+10", "T+40", "T+60"], timeline.Points.Select(p => p.Label));
        Assert.All(timeline.Points, p => Assert.Equal(TimelineStanding.Done, p.Standing));
    }

    [Fact]
    public void What_is_not_done_when_it_is_due_is_late()
    {
        var story = new RunStory().Started().Gate("announcement").At(0, new StepStarted("migrate", 1));
        Assert.Equal(TimelineStanding.Due, Of(story, 299).Points[2].Standing);
        Assert.Equal(TimelineStanding.Late, Of(story, 301).Points[2].Standing);
        Assert.Equal(TimelineStanding.Due, Of(story, 301).Points[3].Standing);
    }

    [Fact]
    public void What_was_done_too_late_stays_done_late()
    {
        var story = new RunStory()
            .Started()
            .At(0, new StepStarted("migrate", 1))
            .At(400, new MigrationApplied("1", Said("at last")));
        Assert.Equal(TimelineStanding.DoneLate, Of(story, 401).Points[1].Standing);
    }

    [Fact]
    public void Where_no_notice_is_asked_for_none_is_due()
    {
        var story = new RunStory().Started().Gate("backup");
        Assert.Equal(TimelineMark.Start, Of(story, 0).Points[0].Mark);
    }

    [Fact]
    public void A_long_backup_before_the_migration_makes_nothing_late()
    {
        var story = new RunStory().Started().Gate("announcement").At(-100, new StepStarted("backup", 1));
        var timeline = Of(story, 7200);
        Assert.Equal(Zero.AddSeconds(7200), timeline.Zero);
        Assert.All(timeline.Points.Skip(1), p => Assert.Equal(TimelineStanding.Due, p.Standing));
    }

    [Fact]
    public void After_a_rollback_the_points_ahead_are_not_reached_and_not_late()
    {
        var points = Of(RunStories.RolledBack(), 90000).Points;
        Assert.Equal(TimelineStanding.Done, points[3].Standing);
        Assert.Equal(TimelineStanding.NotReached, points[4].Standing);
        Assert.Equal(TimelineStanding.NotReached, points[5].Standing);
    }

    [Fact]
    public void A_team_that_was_not_told_is_a_missed_point()
    {
        var story = new RunStory().Started().Gate("announcement", passed: false, by: "mina", overridden: true);
        Assert.Equal(TimelineStanding.Missed, Of(story, 0).Points[0].Standing);
    }

    [Fact]
    public void A_run_that_was_planned_is_counted_from_its_appointment()
    {
        var story = Planned().Step("backup", -1500, -900).Step("baseline", -900, -600);
        var before = Of(story, -300);
        Assert.Equal(Zero, before.Zero);
        Assert.Equal(["T-30", "T-0", "T-0", "T+5", "T+10", "T+40", "T+60"], before.Points.Select(p => p.Label));
        Assert.Equal(TimelineMark.Prepared, before.Points[1].Mark);
        Assert.Equal(TimelineStanding.Done, before.Points[1].Standing);
        Assert.Equal(TimelineStanding.Due, before.Points[2].Standing);
        Assert.Equal(TimelineStanding.Late, Of(story, 120).Points[2].Standing);
        story.At(1, new StepStarted("migrate", 1)).At(2, new MigrationApplied("1", Said("done")));
        Assert.Equal(TimelineStanding.Done, Of(story, 3).Points[2].Standing);
        Assert.Equal(TimelineStanding.Done, Of(story, 3).Points[3].Standing);
    }

    [Fact]
    public void A_backup_that_takes_longer_than_there_was_time_is_late()
    {
        var story = Planned().At(-1500, new StepStarted("backup", 1));
        Assert.Equal(TimelineStanding.Due, Of(story, -1).Points[1].Standing);
        Assert.Equal(TimelineStanding.Late, Of(story, 1).Points[1].Standing);
        story.At(240, new StepStarted("migrate", 1));
        Assert.Equal(TimelineStanding.DoneLate, Of(story, 241).Points[2].Standing);
    }

    private static RunStory Planned() =>
        new RunStory().Started(appointment: new Appointment(Zero, "Asia/Seoul")).Gate("announcement");

    private static Timeline Of(RunStory story, double now) =>
        Timeline.Of(RunState.Of(story.Entries.Select(RunEvents.Parse)), Zero.AddSeconds(now));
}
