namespace Tidelock.Tests.Watching.Peers;

/// <summary>The peers' rules as their documentation and their code have them, on samples that tell them apart.</summary>
public sealed class PeerRuleTests
{
    [Theory]
    [InlineData("three-percent", 610)]
    [InlineData("spike-of-one-sample", null)]
    [InlineData("spike-of-a-restart", 610)]
    [InlineData("provider-down-during", 650)]
    [InlineData("data-nan", null)]
    [InlineData("data-empty", 650)]
    [InlineData("data-of-a-misspelt-metric", 50)]
    [InlineData("data-of-two-series", null)]
    public void Argo_Rollouts_aborts_at_the_first_failure_or_the_fifth_error_in_a_row(string scenario, int? at) =>
        Assert.Equal(at, ArgoRollouts.AbortsAt(Source(scenario)));

    [Theory]
    [InlineData("three-percent", 960)]
    [InlineData("spike-of-a-restart", null)]
    [InlineData("provider-down-during", null)]
    [InlineData("provider-never-answers-alone", 360)]
    [InlineData("data-nan", null)]
    [InlineData("data-of-a-misspelt-metric", 360)]
    [InlineData("data-of-two-series", 360)]
    public void Flagger_counts_failed_checks_together(string scenario, int? at) =>
        Assert.Equal(at, Flagger.RollsBackAt(Source(scenario)));

    [Theory]
    [InlineData("three-percent", 990)]
    [InlineData("outage-total", 990)]
    [InlineData("flap-every-ninety-seconds", null)]
    [InlineData("data-of-a-misspelt-metric", null)]
    [InlineData("provider-never-answers-alone", null)]
    public void Prometheus_begins_anew_with_every_evaluation_that_is_not_past_the_bound(string scenario, int? at) =>
        Assert.Equal(at, PrometheusAlert.TellsAt(Source(scenario)));

    private static PolledSource Source(string name) => PolledSource.Of(Scenario.All.Single(s => s.Name == name))!;
}
