using Tidelock.Probes.Prometheus;

namespace Tidelock.Tests.Probes;

/// <summary>Which labels a series must have for a selector to match it.</summary>
public sealed class PromQlSelectorTests
{
    [Theory]
    [InlineData("http_requests_total", "http_requests_total")]
    [InlineData("http_requests_total{code=~\"5..\"}", "http_requests_total", "code")]
    [InlineData("a:b {status=\"500\", job='api', pod=`x`}", "a:b", "status", "job", "pod")]
    [InlineData("a{code!=\"200\", status!~\"2..\"}", "a")]
    [InlineData("a{env=\"\", zone=~\"\", region=~\"eu|\", team=~\".*\", code=~\".+\"}", "a", "code")]
    [InlineData("a{b=\"c=\\\"d\\\"\", e=\"f\"}", "a", "b", "e")]
    [InlineData("a{b=~\"(\"}", "a")]
    public void A_label_is_needed_that_must_not_be_empty(string selector, string metric, params string[] labels)
    {
        var known = PromQlSelector.Of(selector)!;
        Assert.Equal(metric, known.Metric);
        Assert.Equal(labels, known.Labels);
    }

    [Theory]
    [InlineData("{__name__=\"a\"}")]
    [InlineData("")]
    public void Without_a_metrics_name_nothing_is_known(string selector) => Assert.Null(PromQlSelector.Of(selector));
}
