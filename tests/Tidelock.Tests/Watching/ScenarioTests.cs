namespace Tidelock.Tests.Watching;

/// <summary>Every decision of every scenario, at its exact time.</summary>
public sealed class ScenarioTests
{
    public static TheoryData<string> Names => [.. Scenario.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_watch_decides_as_the_file_says(string name)
    {
        var scenario = Scenario.All.Single(s => string.Equals(s.Name, name, StringComparison.Ordinal));
        Assert.Equal(
            scenario.Expected,
            new ScenarioRun(scenario).Decisions().Select(d => $"{ScenarioText.Time(d.At)}: {d.Decision}")
        );
    }

    [Fact]
    public void There_are_scenarios_for_all_that_can_go_wrong() => Assert.InRange(Scenario.All.Count, 80, 500);
}
