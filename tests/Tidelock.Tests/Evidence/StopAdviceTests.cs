using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

/// <summary>What a person is told after a run stopped, by how it stands in its journal.</summary>
public sealed class StopAdviceTests
{
    private static readonly RunId Id = new(Run);

    [Fact]
    public void Before_the_change_nothing_has_been_changed_and_resume_goes_on()
    {
        var advice = Of(new RunStory().Started().Step("backup", -100, -50));
        Assert.Equal("evidence.safe.not-yet", advice.Safe.Code);
        Assert.Equal([$"tidelock resume {Run}", $"tidelock status {Run}"], Commands(advice));
        Assert.Equal("PagerDuty", advice.Contacts["on-call"]);
    }

    [Fact]
    public void In_the_middle_of_the_change_only_the_database_can_say_what_is_in_place()
    {
        var advice = Of(new RunStory().Started().At(0, new StepStarted("migrate", 1)));
        Assert.Equal("evidence.safe.unknown", advice.Safe.Code);
        Assert.Equal($"tidelock resume {Run}", Commands(advice)[0]);
        Assert.Contains($"tidelock rollback {Run}", Commands(advice));
    }

    [Fact]
    public void A_change_that_is_in_place_is_said_to_be_unwatched()
    {
        var advice = Of(Applied().At(30, new RunSuspended(Said("the program was told to stop"))));
        Assert.Equal("evidence.safe.in-place", advice.Safe.Code);
        Assert.Equal(
            [$"tidelock resume {Run}", $"tidelock rollback {Run}", $"tidelock status {Run}"],
            Commands(advice)
        );
    }

    [Fact]
    public void A_way_back_that_is_not_at_its_end_is_gone_on_with_and_nothing_else()
    {
        var advice = Of(Applied().At(30, new RollbackStarted("definition", Said("breach"), null)));
        Assert.Equal("evidence.safe.on-the-way-back", advice.Safe.Code);
        Assert.Equal([$"tidelock resume {Run}", $"tidelock status {Run}"], Commands(advice));
    }

    [Theory]
    [InlineData(RunResult.Refused, "evidence.safe.nothing-changed")]
    [InlineData(RunResult.NothingChanged, "evidence.safe.nothing-changed")]
    public void A_run_that_changed_nothing_is_planned_anew(RunResult result, string code)
    {
        var advice = Of(new RunStory().Started().At(-10, new RunEnded(result, Said("no"))));
        Assert.Equal(code, advice.Safe.Code);
        Assert.Equal(
            ["tidelock plan examples/attempt-view-v1 --env production", $"tidelock report {Run}"],
            Commands(advice)
        );
    }

    [Fact]
    public void After_a_rollback_all_is_as_it_was()
    {
        var advice = Of(RunStories.RolledBack());
        Assert.Equal("evidence.safe.as-before", advice.Safe.Code);
        Assert.Equal([$"tidelock report {Run}"], Commands(advice));
    }

    [Theory]
    [InlineData(true, "evidence.safe.in-place")]
    [InlineData(false, "evidence.safe.not-in-place")]
    public void Where_a_person_is_needed_the_ways_back_are_named(bool inPlace, string code)
    {
        var story = inPlace ? Applied() : new RunStory().Started();
        var advice = Of(story.At(60, new RunEnded(RunResult.NeedsPerson, Said("look"))));
        Assert.Equal(code, advice.Safe.Code);
        Assert.Equal($"tidelock rollback {Run}", Commands(advice)[0]);
    }

    [Fact]
    public void A_run_that_was_declared_complete_needs_nothing() =>
        Assert.Null(StopAdvice.Of(Id, StateOf(RunStories.Completed())));

    [Fact]
    public void A_folder_is_named_so_that_a_shell_takes_it()
    {
        var advice = StopAdvice.BeforeStart("/srv/it's a change", "production", new Dictionary<string, string>());
        Assert.Equal(@"tidelock plan '/srv/it'\''s a change' --env production", Commands(advice)[0]);
    }

    [Fact]
    public void All_of_it_is_said_in_both_languages() =>
        Assert.All(
            (StopAdvice[])
                [Of(Applied()), Of(RunStories.RolledBack()), StopAdvice.Behind(Id, new Dictionary<string, string>())],
            advice =>
                Assert.All(
                    advice.Next.Select(n => n.For).Prepend(advice.Safe),
                    m => Assert.NotEqual(TextCatalog.English.Render(m), TextCatalog.Korean.Render(m))
                )
        );

    private static RunStory Applied() =>
        new RunStory()
            .Started()
            .At(0, new StepStarted("migrate", 1))
            .At(1, new MigrationApplied("7", Said("replaced")))
            .At(2, new StepEnded("migrate", StepResult.Passed, Said("replaced")))
            .At(25, new StepStarted("watch", 1));

    private static StopAdvice Of(RunStory story) => StopAdvice.Of(Id, StateOf(story))!;

    private static RunState StateOf(RunStory story) => RunState.Of(story.Entries.Select(RunEvents.Parse));

    private static IReadOnlyList<string> Commands(StopAdvice advice) => [.. advice.Next.Select(n => n.Command)];
}
