using Tidelock.Tests.House;

namespace Tidelock.Tests.Watching.Peers;

/// <summary>The table in docs/watch.md is what is computed. <c>TIDELOCK_APPROVE=1</c> writes it anew.</summary>
public sealed class PeerTableTests
{
    private const string Begin = "<!-- the scenarios, computed: begin -->\n";
    private const string End = "<!-- the scenarios, computed: end -->\n";

    private static readonly string Page = Path.Combine(Repository.Root, "docs", "watch.md");

    [Fact]
    public void The_page_shows_what_each_system_does_with_the_same_samples()
    {
        var page = File.ReadAllText(Page);
        var (from, to) = (
            page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length,
            page.IndexOf(End, StringComparison.Ordinal)
        );
        var table = PeerTable.Text();
        if (Environment.GetEnvironmentVariable("TIDELOCK_APPROVE") == "1")
        {
            File.WriteAllText(Page, page[..from] + table + page[to..]);
            return;
        }

        Assert.Equal(table, page[from..to]);
    }

    [Fact]
    public void Tidelock_takes_nothing_back_that_is_all_right()
    {
        var healthy = Scenario.All.Where(s => s.Fault is null).ToList();
        Assert.True(healthy.Count >= 40);
        Assert.DoesNotContain(
            healthy,
            s => new ScenarioRun(s).Decisions().Any(d => d.Decision.StartsWith("roll back", StringComparison.Ordinal))
        );
    }
}
