using Tidelock.Probes.Prometheus;

namespace Tidelock.Tests.Probes;

/// <summary>Which series a query reads, so that they can be asked how old their points are.</summary>
public sealed class PromQlSelectorsTests
{
    [Theory]
    [InlineData("queue_length", "queue_length")]
    [InlineData("up == bool 1", "up")]
    [InlineData(
        "sum(rate(http_requests_total{code=~\"5..\"}[1m])) / sum(rate(http_requests_total[1m]))",
        "http_requests_total{code=~\"5..\"}",
        "http_requests_total"
    )]
    [InlineData("histogram_quantile(0.95, sum by (le, pod) (rate(api_seconds_bucket[3s])))", "api_seconds_bucket")]
    [InlineData(
        "sum(rate(a[1m])) without (pod) and on (job, instance) group_left (team) job:b:rate5m offset 1h",
        "a",
        "job:b:rate5m"
    )]
    [InlineData(
        "(sum(errors) or vector(0)) / count(count by (pod) (requests {pod=\"a}b\"}))",
        "errors",
        "requests {pod=\"a}b\"}"
    )]
    [InlineData("max(\nqueue_length # of {all} pods\n)", "queue_length")]
    [InlineData("{__name__=\"a\", b='\\'}'} + {c=`\\`}", "{__name__=\"a\", b='\\'}'}", "{c=`\\`}")]
    [InlineData("max_over_time((x > 1e3)[10m:30s]) @ 1609746000 + 0x1F - NaN", "x")]
    [InlineData("a + a * 2 ^ -Inf", "a")]
    [InlineData("rate(a[5m] offset 1w) unless absent(b)", "a", "b")]
    [InlineData("topk(3, label_replace(a, \"sum\", \"$1\", \"b\", \"(.*)\"))", "a")]
    [InlineData("scalar(vector(4)) > time()")]
    [InlineData("a{b=\"c", "a{b=\"c")]
    [InlineData("")]
    public void The_series_a_query_reads_are_found_and_nothing_else(string query, params string[] selectors) =>
        Assert.Equal(selectors, PromQlSelectors.Of(query));
}
