using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Rollbacks;

/// <summary>Which way back stands first when there is no time to think.</summary>
public sealed class RankingTests
{
    private static readonly Message Words = Message.Of("rollbacks.no-baseline");

    [Fact]
    public void What_can_be_used_comes_first_then_what_loses_least_and_unknown_counts_as_most()
    {
        var ranked = Ranked(
            ("gone", new RollbackAssessment(false, Words, LosesWrites: false) { Takes = Seconds(1) }),
            ("unknown", new RollbackAssessment(true, Words, LosesWrites: true) { Takes = Seconds(1) }),
            ("many", new RollbackAssessment(true, Words, LosesWrites: true) { RowsLost = 12431, Takes = Seconds(1) }),
            (
                "at least few",
                new RollbackAssessment(true, Words, LosesWrites: true)
                {
                    RowsLost = 1,
                    AtLeast = true,
                    Undoable = true,
                }
            ),
            ("final", new RollbackAssessment(true, Words, LosesWrites: true) { RowsLost = 3, Takes = Seconds(1) }),
            (
                "few",
                new RollbackAssessment(true, Words, LosesWrites: true)
                {
                    RowsLost = 3,
                    Takes = Seconds(900),
                    Undoable = true,
                }
            ),
            ("none yet", new RollbackAssessment(true, Words, LosesWrites: true) { RowsLost = 0 }),
            ("safe", new RollbackAssessment(true, Words, LosesWrites: false))
        );

        Assert.Equal(["safe", "none yet", "few", "final", "many", "at least few", "unknown", "gone"], ranked);
    }

    [Fact]
    public void Of_ways_that_lose_the_same_the_timed_and_shorter_comes_first_and_the_declared_one_wins_a_tie()
    {
        var ranked = Ranked(
            ("untimed", new RollbackAssessment(true, Words, LosesWrites: false)),
            ("long", new RollbackAssessment(true, Words, LosesWrites: false) { Takes = Seconds(2) }),
            ("short", new RollbackAssessment(true, Words, LosesWrites: false) { Takes = Seconds(1) }),
            ("declared", new RollbackAssessment(true, Words, LosesWrites: false))
        );

        Assert.Equal(["short", "long", "declared", "untimed"], ranked);
    }

    [Fact]
    public void A_way_that_loses_nothing_has_nothing_lost_and_unknown_is_not_nothing()
    {
        Assert.Equal(0, new RollbackAssessment(true, Words, LosesWrites: false).RowsLost);
        var unknown = new RollbackAssessment(true, Words, LosesWrites: true);
        Assert.Null(unknown.RowsLost);
        Assert.Equal("not timed, rows lost: unknown, no undo", unknown.Figures.ToString());
        var least = new RollbackAssessment(true, Words, LosesWrites: true) { RowsLost = 12431, AtLeast = true };
        Assert.Equal("not timed, about 12,431 or more rows lost, no undo", least.Figures.ToString());
        Assert.Contains(
            "약 12,431(또는 그 이상)행 유실",
            TextCatalog.Korean.Render(least.Figures),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_the_gate_rehearsed_is_the_time_of_its_own_method_alone()
    {
        var state = With(new RehearsedWay("definition", Seconds(1), Seconds(2)).AsEvent());

        Assert.Equal(Seconds(2), RehearsedWay.BackBy("definition", state));
        Assert.Null(RehearsedWay.BackBy("downgrade", state));
        Assert.Null(RehearsedWay.BackBy("definition", RunState.Empty));
    }

    [Theory]
    [InlineData("definition", true, false, 3.5)]
    [InlineData("definition", true, true, 2)]
    [InlineData("definition", false, false, 2)]
    [InlineData("backup", true, false, 2)]
    public void A_rehearsal_on_all_data_goes_before_one_without(string method, bool passed, bool isPart, double seconds)
    {
        var part = new RehearsedPart(RehearsalPart.Back, passed, TimeSpan.FromSeconds(3.5), Words);
        var data = new RehearsalRecord("d", SampleEvents.Zero, Seconds(41), 1, 0)
        {
            Method = method,
            Parts = [part],
            Subset = isPart ? new RehearsedSubset(["public.results"], 2) : null,
        };

        Assert.Equal(passed && !isPart ? Seconds(41) : null, data.Promised);
        Assert.Equal(
            TimeSpan.FromSeconds(seconds),
            Back(JsonSerializer.SerializeToElement(data, BackupJson.Default.RehearsalRecord))
        );
    }

    [Fact]
    public void A_rehearsal_that_cannot_be_read_hides_no_way_back()
    {
        using var json = JsonDocument.Parse("""{"parts":"none"}""");
        Assert.Equal(Seconds(2), Back(json.RootElement.Clone()));
    }

    private static TimeSpan? Back(JsonElement rehearsal) =>
        RehearsedWay.BackBy(
            "definition",
            With(
                new RehearsedWay("definition", Seconds(1), Seconds(2)).AsEvent(),
                new FactRecorded("backup", "rehearsal", rehearsal)
            )
        );

    [Theory]
    [InlineData("", "definition", false)]
    [InlineData("backup", "backup", false)]
    [InlineData("backup rescue", "backup", true)]
    [InlineData("rescue", "definition", true)]
    public void A_way_is_read_from_a_commands_words(string argument, string method, bool rescues)
    {
        var way = RollbackWay.Parse(argument, "definition");

        Assert.Equal(new RollbackWay(method, rescues), way);
        Assert.Equal(way, RollbackWay.Parse(way.Format(), "other"));
        Assert.Equal(rescues, way.Begin(Words, "kim").Rescues);
    }

    private static RunState With(params IEnumerable<RunEvent> events) => RunState.Of([SampleEvents.Started, .. events]);

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static IEnumerable<string> Ranked(params (string Name, RollbackAssessment Cost)[] ways) =>
        RollbackRanking.Rank(ways, "declared").Select(w => w.Name);
}
