using Microsoft.AspNetCore.Http;
using Tidelock.Postgres.Tests.Examples;
using Tidelock.Tests.Gates;
using Tidelock.Tests.Notifications;
using Tidelock.Tests.Probes;

namespace Tidelock.Cli.Tests;

/// <summary>
/// All that the example's <c>production-monitored</c> asks and tells: the example's API and Prometheus as they are, and Kubernetes, Slack,
/// PagerDuty, Grafana and GitHub as servers that speak as their documentation says.
/// </summary>
internal sealed class Platform : IAsyncDisposable
{
    private const string PagerDutyKey = "canary-pagerduty-5a1c";
    private const string RoutingKey = "canary-routing-0d77";
    private const string GrafanaToken = "canary-grafana-91be";
    private const string GitHubToken = "ghp_canary_1618033988";

    private Platform() { }

    public SeedtestApi Api { get; private set; } = null!;

    public ScrapingPrometheus Prometheus { get; private set; } = null!;

    public KubernetesApi Kubernetes { get; private set; } = null!;

    public SlackServer Slack { get; private set; } = null!;

    public GitHubStub GitHub { get; private set; } = null!;

    public RecordingServer PagerDuty { get; private set; } = null!;

    public RecordingServer Grafana { get; private set; } = null!;

    /// <param name="database">The one that the API reads.</param>
    public static async Task<Platform> StartAsync(string database)
    {
        var platform = new Platform
        {
            Api = await SeedtestApi.StartAsync(database, "--self-load", "20/s"),
            Kubernetes = await KubernetesApi.StartAsync(),
            Slack = await SlackServer.StartAsync(),
            GitHub = await GitHubStub.StartAsync(),
            PagerDuty = await RecordingServer.StartAsync(AnswerAsPagerDutyAsync),
            Grafana = await RecordingServer.StartAsync(AnswerAsGrafanaAsync),
        };
        platform.Kubernetes.Add("seedtest-api-1", "started");
        platform.Kubernetes.Add("seedtest-api-2", "started");
        platform.Prometheus = await ScrapingPrometheus.StartAsync(
            platform.Api.Client.BaseAddress!,
            "sum(rate(http_requests_total[1m]))"
        );
        return platform;
    }

    /// <summary>Lets a copy of the example find all of it, and merges its files as pull request 73 with two people's approval.</summary>
    public void Join(SeedPlace place)
    {
        place.Edit("\"https://grafana.example.com", "\"" + Grafana.Address.AbsoluteUri.TrimEnd('/'));
        place.Edit("token: \"${GITHUB_TOKEN}\"", $"token: \"${{GITHUB_TOKEN}}\", api: \"{GitHub.Address}\"");
        place.Edit(
            "token: \"${PAGERDUTY_TOKEN}\"",
            $"token: \"${{PAGERDUTY_TOKEN}}\", address: \"{PagerDuty.Address}\""
        );
        place.Edit(
            "routingKey: \"${PAGERDUTY_ROUTING_KEY}\"",
            $"routingKey: \"${{PAGERDUTY_ROUTING_KEY}}\", address: \"{PagerDuty.Address}\""
        );
        place.Edit("token: \"${SLACK_BOT_TOKEN}\"", $"token: \"${{SLACK_BOT_TOKEN}}\", api: \"{Slack.Api}\"");
        place.Variables["API_URL"] = Api.Client.BaseAddress!.AbsoluteUri.TrimEnd('/');
        place.Variables["PROMETHEUS_URL"] = Prometheus.Address.AbsoluteUri;
        place.Variables["KUBECONFIG"] = Kubernetes.Config;
        place.Variables["KUBECACHEDIR"] = Kubernetes.Cache;
        place.Variables["SLACK_BOT_TOKEN"] = SlackServer.Token;
        place.Variables["PAGERDUTY_TOKEN"] = PagerDutyKey;
        place.Variables["PAGERDUTY_ROUTING_KEY"] = RoutingKey;
        place.Variables["GRAFANA_TOKEN"] = GrafanaToken;
        place.Variables["GITHUB_TOKEN"] = GitHubToken;
        foreach (var file in Directory.EnumerateFiles(place.Example, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(place.Example, file).Replace('\\', '/');
            GitHub.Files[$"attempt-view-v1/{name}"] = File.ReadAllBytes(file);
        }

        GitHub.Approve("kim");
        GitHub.Approve("lee");
    }

    public async ValueTask DisposeAsync()
    {
        await Prometheus.DisposeAsync();
        await Api.DisposeAsync();
        await Kubernetes.DisposeAsync();
        await Slack.DisposeAsync();
        await GitHub.DisposeAsync();
        await PagerDuty.DisposeAsync();
        await Grafana.DisposeAsync();
    }

    private static Task AnswerAsPagerDutyAsync(Asked asked, HttpResponse response) =>
        asked.Path switch
        {
            "/oncalls" when asked.Authorization == $"Token token={PagerDutyKey}" => SayAsync(
                response,
                200,
                $$"""{"oncalls":[{{OnCall("PKIM", "Kim Minji")}},{{OnCall(
                    "PLEE",
                    "Lee Jiho"
                )}}],"limit":100,"offset":0,"more":false,"total":null}"""
            ),
            "/v2/change/enqueue" or "/v2/enqueue" when (string?)asked.Json["routing_key"] == RoutingKey => SayAsync(
                response,
                202,
                """{"status":"success","message":"Event processed","dedup_key":"x"}"""
            ),
            _ => SayAsync(response, 401, """{"error":"Unauthorized"}"""),
        };

    private static string OnCall(string id, string name) =>
        $$"""
            {"user":{"id":"{{id}}","type":"user_reference","summary":"{{name}}"},"schedule":{"id":"PI7DH85","type":"schedule_reference"},
             "escalation_policy":{"id":"PE1","type":"escalation_policy_reference"},"escalation_level":1,"start":null,"end":null}
            """;

    private static Task AnswerAsGrafanaAsync(Asked asked, HttpResponse response) =>
        asked switch
        {
            _ when asked.Authorization != $"Bearer {GrafanaToken}" => SayAsync(
                response,
                401,
                """{"message":"Invalid API key"}"""
            ),
            { Path: "/api/dashboards/uid/seedtest" } => SayAsync(
                response,
                200,
                """
                {"meta":{"slug":"seedtest"},"dashboard":{"uid":"seedtest","panels":[
                  {"type":"timeseries","datasource":{"type":"prometheus","uid":"PROM1"},"targets":[{"expr":"up"}]}]}}
                """
            ),
            { Path: "/api/datasources" } => SayAsync(
                response,
                200,
                """[{"id":1,"uid":"PROM1","name":"Prometheus","type":"prometheus","isDefault":true}]"""
            ),
            { Path: "/api/datasources/uid/PROM1/health" } => SayAsync(
                response,
                200,
                """{"message":"Data source is working","status":"OK"}"""
            ),
            { Path: "/api/annotations", Method: "GET" } => SayAsync(response, 200, "[]"),
            { Path: "/api/annotations", Method: "POST" } => SayAsync(
                response,
                200,
                """{"message":"Annotation added","id":41}"""
            ),
            { Path: "/api/annotations/41", Method: "PATCH" } => SayAsync(
                response,
                200,
                """{"message":"Annotation patched"}"""
            ),
            _ => SayAsync(response, 404, """{"message":"Not found"}"""),
        };

    private static Task SayAsync(HttpResponse response, int status, string json)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        return response.WriteAsync(json);
    }
}
