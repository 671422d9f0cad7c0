using System.Xml.Linq;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Tests.Evidence;
using Tidelock.Texts;

namespace Tidelock.Tests.Rendering;

public sealed class RunJUnitTests
{
    [Fact]
    public void Gates_steps_criteria_and_the_chain_are_tests_and_what_failed_says_why()
    {
        var suites = Suites(RunStories.RolledBack());
        Assert.Equal(
            ["gates", "steps", "watch", "journal"],
            suites.Select(s => s.Attribute("name")!.Value.Split(' ')[^1])
        );
        Assert.Equal(["1 of 0 1", "1 of 0 0", "1 of 0 0", "0 of 0 0"], suites.Select(Counts));
        var watch = Case(suites[1], "watch");
        Assert.Contains("p95 612 ms", watch.Element("failure")!.Value, StringComparison.Ordinal);
        Assert.Equal("2", Case(suites[1], "rollback.verify").Attribute("time")!.Value);
        Assert.Equal("hash chain", Case(suites[3], "hash chain").Attribute("name")!.Value);
    }

    [Fact]
    public void A_criterion_that_cannot_be_judged_and_a_step_that_is_not_over_are_errors()
    {
        var suites = Suites(RunStories.Held());
        Assert.NotNull(Case(suites[1], "watch").Element("error"));
        Assert.NotNull(Case(suites[2], "p95 > 2x baseline for 10m").Element("error"));
    }

    [Fact]
    public void A_broken_chain_is_a_failure()
    {
        var entries = RunStories.Completed().Entries;
        var report = RunReport.Of([.. entries.Take(9), .. entries.Skip(10)], RunStory.Zero.AddHours(1));
        var suites = XDocument.Parse(RunJUnit.Of(report, TextCatalog.Korean)).Root!.Elements().ToList();
        Assert.NotNull(Case(suites[3], "hash chain").Element("failure"));
    }

    private static List<XElement> Suites(RunStory story) =>
        [
            .. XDocument
                .Parse(RunJUnit.Of(RunReport.Of(story.Entries, RunStory.Zero.AddHours(1)), TextCatalog.English))
                .Root!.Elements(),
        ];

    private static XElement Case(XElement suite, string name) =>
        suite.Elements("testcase").Single(c => c.Attribute("name")!.Value == name);

    private static string Counts(XElement suite) =>
        $"{suite.Attribute("failures")!.Value} of {suite.Attribute("errors")!.Value} {suite.Attribute("skipped")!.Value}";
}
