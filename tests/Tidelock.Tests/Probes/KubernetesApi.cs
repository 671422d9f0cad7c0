using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Tidelock.Tests.Probes;

/// <summary>
/// As much of the Kubernetes API as kubectl needs to look at one deployment and the logs of its pods, and a kubeconfig that leads to it.
/// Requests and answers have the shapes of the API's reference.
/// </summary>
internal sealed class KubernetesApi : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-kube-").FullName;
    private StubServer? server;

    /// <summary>Pods by name with the lines they logged.</summary>
    public Dictionary<string, List<(DateTimeOffset At, string Text)>> Pods { get; } = new(StringComparer.Ordinal);

    /// <summary>What every request is answered with instead; null for the real answers.</summary>
    public int? Status { get; set; }

    public string Config => Path.Combine(folder, "config");

    public static async Task<KubernetesApi> StartAsync()
    {
        var api = new KubernetesApi();
        api.server = await StubServer.StartAsync(api.AnswerAsync);
        await File.WriteAllTextAsync(
            api.Config,
            $"""
            apiVersion: v1
            kind: Config
            clusters: [{"{"} name: c, cluster: {"{"} server: "{api.server.Address.ToString().TrimEnd('/')}" {"}"} {"}"}]
            users: [{"{"} name: u, user: {"{"} token: none {"}"} {"}"}]
            contexts: [{"{"} name: x, context: {"{"} cluster: c, user: u {"}"} {"}"}]
            current-context: x
            """
        );
        return api;
    }

    public async ValueTask DisposeAsync()
    {
        await server!.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private Task AnswerAsync(HttpContext context)
    {
        const string Space = "/namespaces/production";
        var path = context.Request.Path.Value!;
        if (Status is { } status)
        {
            context.Response.StatusCode = status;
            return Json(
                context,
                $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"the server has asked for the client to provide credentials","reason":"Unauthorized","code":{{status}}}"""
            );
        }

        return path switch
        {
            "/api" => Json(context, """{"kind":"APIVersions","versions":["v1"]}"""),
            "/apis" => Json(
                context,
                """{"kind":"APIGroupList","apiVersion":"v1","groups":[{"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],"preferredVersion":{"groupVersion":"apps/v1","version":"v1"}}]}"""
            ),
            "/api/v1" => Json(
                context,
                """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list","watch"]},{"name":"pods/log","singularName":"","namespaced":true,"kind":"Pod","verbs":["get"]}]}"""
            ),
            "/apis/apps/v1" => Json(
                context,
                """{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"apps/v1","resources":[{"name":"deployments","singularName":"deployment","namespaced":true,"kind":"Deployment","verbs":["get","list","watch"]}]}"""
            ),
            $"/apis/apps/v1{Space}/deployments/seedtest-api" => Json(context, Deployment()),
            $"/api/v1{Space}/pods" => Json(context, PodList(context)),
            _ when path.EndsWith("/log", StringComparison.Ordinal) => LogAsync(context, path.Split('/')[^2]),
            _ when Pods.ContainsKey(path.Split('/')[^1]) => Json(context, Pod(path.Split('/')[^1]).ToJsonString()),
            _ => NotFound(context),
        };
    }

    private string Deployment() =>
        $$$"""
            {"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"seedtest-api","namespace":"production"},
             "spec":{"replicas":2,"selector":{"matchLabels":{"app":"seedtest"},"matchExpressions":[{"key":"tier","operator":"In","values":["web","api"]}]}},
             "status":{"replicas":{{{Pods.Count}}}}}
            """;

    private string PodList(HttpContext context)
    {
        Assert.Equal("app=seedtest,tier in (web,api)", context.Request.Query["labelSelector"]);
        return new JsonObject
        {
            ["kind"] = "PodList",
            ["apiVersion"] = "v1",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. Pods.Keys.Select(Pod)]),
        }.ToJsonString();
    }

    private static JsonNode Pod(string name) =>
        JsonNode.Parse(
            $$$"""
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"production","labels":{"app":"seedtest","tier":"web"}},
             "spec":{"containers":[{"name":"api","image":"x"}]},"status":{"phase":"Running"}}
            """
        )!;

    private Task LogAsync(HttpContext context, string pod)
    {
        Assert.Equal("true", context.Request.Query["timestamps"]);
        var since = TimeSpan.FromSeconds(
            int.Parse(context.Request.Query["sinceSeconds"]!, CultureInfo.InvariantCulture)
        );
        var lines = Pods[pod].Where(l => l.At >= TimeProvider.System.GetUtcNow() - since);
        return context.Response.WriteAsync(
            string.Concat(lines.Select(l => $"{l.At.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ} {l.Text}\n"))
        );
    }

    private static Task Json(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    private static Task NotFound(HttpContext context)
    {
        context.Response.StatusCode = 404;
        return Json(
            context,
            """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"not found","reason":"NotFound","code":404}"""
        );
    }
}
