using Microsoft.AspNetCore.Http;
using Tidelock.Gates;
using Tidelock.Tests.Probes;
using Tidelock.Texts;

namespace Tidelock.Tests.Gates;

/// <summary>Grafana's API, as its documentation describes it: a dashboard, its data sources, their health.</summary>
public sealed class GrafanaDashboardsTests : IDisposable
{
    private const string Token = "canary-grafana-7be2";

    private const string Sources = """
        [
          { "id": 1, "uid": "PROM1", "name": "Prometheus", "type": "prometheus", "isDefault": true },
          { "id": 2, "uid": "LOKI1", "name": "Loki", "type": "loki", "isDefault": false },
          { "id": 3, "uid": "PG1", "name": "seedtest db", "type": "postgres", "isDefault": false }
        ]
        """;

    private const string Ok = """{"message":"Data source is working","status":"OK"}""";

    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler());

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task A_dashboard_passes_when_it_exists_and_every_data_source_of_its_panels_answers()
    {
        await using var grafana = await GrafanaAsync(
            """
            "templating": { "list": [{ "name": "db", "type": "datasource", "current": { "text": "x", "value": "PG1" } }] },
            "panels": [
              { "type": "timeseries", "datasource": null, "targets": [{ "expr": "up" }] },
              { "type": "text", "datasource": { "type": "datasource", "uid": "not-asked" } },
              { "type": "timeseries", "datasource": { "type": "datasource", "uid": "-- Mixed --" }, "targets": [
                { "datasource": { "type": "loki", "uid": "LOKI1" } },
                { "datasource": { "type": "datasource", "uid": "grafana" } } ] },
              { "type": "row", "collapsed": true, "panels": [
                { "type": "stat", "datasource": { "type": "postgres", "uid": "${db}" }, "targets": [{ "rawSql": "select 1" }] },
                { "type": "stat", "datasource": "Prometheus", "targets": [{ "expr": "up" }] } ] }
            ]
            """
        );
        await using var bench = await BenchAsync(grafana, "d/seedtest/attempts?orgId=1");
        var standing = await bench.StandingAsync(new DashboardsGate(http));
        Assert.Equal("gates.dashboards.alive", standing.Finding.Code);
        Assert.True(standing.Passed);
        var asked = grafana.Asked.Select(a => a.Path).ToList();
        Assert.Equal("/grafana/api/dashboards/uid/seedtest", asked[0]);
        Assert.Equal(
            ["LOKI1", "PG1", "PROM1"],
            asked
                .Where(p => p.EndsWith("/health", StringComparison.Ordinal))
                .Select(p => p.Split('/')[^2])
                .Distinct()
                .Order()
        );
        Assert.All(grafana.Asked, a => Assert.Equal($"Bearer {Token}", a.Authorization));
    }

    [Fact]
    public async Task A_data_source_that_does_not_answer_is_named_with_Grafanas_words()
    {
        await using var grafana = await GrafanaAsync(
            """ "panels": [{ "datasource": { "uid": "PG1" }, "targets": [{}] }] """,
            uid => (400, """{"message":"pq: password authentication failed","status":"ERROR"}""")
        );
        await using var bench = await BenchAsync(grafana, "d/seedtest");
        var standing = await bench.StandingAsync(new DashboardsGate(http));
        Assert.True(standing.Refuses);
        var text = TextCatalog.English.Render(standing.Finding);
        Assert.Contains("seedtest db", text, StringComparison.Ordinal);
        Assert.Contains("pq: password authentication failed", text, StringComparison.Ordinal);
        Assert.NotEqual(text, TextCatalog.Korean.Render(standing.Finding));
    }

    [Theory]
    [InlineData(200, """{"status":"ERROR"}""")]
    [InlineData(200, "<html>log in</html>")]
    [InlineData(404, """{"message":"Plugin health check not implemented"}""")]
    [InlineData(500, "")]
    public async Task Whatever_is_not_a_good_health_is_none(int status, string body)
    {
        await using var grafana = await GrafanaAsync(
            """ "panels": [{ "targets": [{ "datasource": { "uid": "PG1" } }] }] """,
            uid => (status, body)
        );
        await using var bench = await BenchAsync(grafana, "d/seedtest");
        Assert.False(await bench.PassesAsync(new DashboardsGate(http)));
    }

    [Fact]
    public async Task A_data_source_that_is_gone_is_named()
    {
        await using var grafana = await GrafanaAsync(
            """ "panels": [{ "datasource": { "uid": "OLD1" }, "targets": [{}] }] """
        );
        await using var bench = await BenchAsync(grafana, "d/seedtest");
        var text = TextCatalog.English.Render((await bench.StandingAsync(new DashboardsGate(http))).Finding);
        Assert.Contains("OLD1", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Panels_that_are_not_in_the_dashboard_are_not_known()
    {
        await using var grafana = await GrafanaAsync(
            """ "panels": [{ "libraryPanel": { "uid": "LIB1", "name": "errors" } }] """
        );
        await using var bench = await BenchAsync(grafana, "d/seedtest");
        var standing = await bench.StandingAsync(new DashboardsGate(http));
        Assert.True(standing.Refuses);
        Assert.Contains("library panels", standing.Finding.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, """{"message":"Dashboard not found"}""", "there is no dashboard with the uid seedtest")]
    [InlineData(401, """{"message":"Invalid API key"}""", "refuses the key")]
    [InlineData(200, "<html>log in</html>", "not what is documented")]
    [InlineData(200, "[]", "not what is documented")]
    public async Task A_dashboard_that_Grafana_does_not_show_is_none(int status, string body, string said)
    {
        await using var grafana = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = status;
                return response.WriteAsync(body);
            }
        );
        await using var bench = await BenchAsync(grafana, "d/seedtest");
        var text = TextCatalog.English.Render((await bench.StandingAsync(new DashboardsGate(http))).Finding);
        Assert.Contains(said, text, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Any_other_address_is_asked_as_before_and_never_sees_the_token()
    {
        await using var other = await RecordingServer.StartAsync(_ => "ok");
        await using var grafana = await GrafanaAsync(""" "panels": [] """);
        await using var bench = await GateBench.CreateAsync(
            $$"""dashboards: { addresses: ['{{other.Address}}d/seedtest'], {{Access(grafana)}} }""",
            ("TOKEN", Token)
        );
        Assert.True(await bench.PassesAsync(new DashboardsGate(http)));
        Assert.Equal("", Assert.Single(other.Asked).Authorization);
        Assert.Empty(grafana.Asked);
    }

    private static Task<RecordingServer> GrafanaAsync(string dashboard, Func<string, (int, string)>? health = null) =>
        RecordingServer.StartAsync(
            (asked, response) =>
            {
                var (status, body) = asked.Path switch
                {
                    "/grafana/api/dashboards/uid/seedtest" => (
                        200,
                        $$"""{ "meta": { "slug": "attempts" }, "dashboard": { "uid": "seedtest", {{dashboard}} } }"""
                    ),
                    "/grafana/api/datasources" => (200, Sources),
                    _ when asked.Path.EndsWith("/health", StringComparison.Ordinal) => health?.Invoke(asked.Path)
                        ?? (200, Ok),
                    _ => (404, """{"message":"Not found"}"""),
                };
                response.StatusCode = status;
                return response.WriteAsync(body);
            }
        );

    private static string Access(RecordingServer grafana) =>
        $$"""grafana: { address: '{{grafana.Address}}grafana', token: "${TOKEN}" }""";

    private static Task<GateBench> BenchAsync(RecordingServer grafana, string path) =>
        GateBench.CreateAsync(
            $$"""dashboards: { addresses: ['{{grafana.Address}}grafana/{{path}}'], {{Access(grafana)}} }""",
            ("TOKEN", Token)
        );
}
