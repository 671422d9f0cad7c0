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
    private readonly Dictionary<string, Pod> pods = new(StringComparer.Ordinal);
    private readonly Lock one = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private StubServer? server;
    private int following;
    private int followed;
    private int cut;

    /// <summary>What every request is answered with instead; null for the real answers.</summary>
    public int? Status { get; set; }

    /// <summary>What requests for logs are answered with instead.</summary>
    public int? LogStatus { get; set; }

    /// <summary>The workload's spec and status, but for its selector.</summary>
    public string Replicas { get; set; } =
        """
            "replicas":2},"status":{"observedGeneration":3,"replicas":2,"updatedReplicas":2,"availableReplicas":2}}
            """;

    /// <summary>How many requests for logs are being answered.</summary>
    public int Following => following;

    /// <summary>How many requests for logs there have been.</summary>
    public int Followed => followed;

    /// <summary>A pod that runs, with the lines it has logged.</summary>
    public void Add(string pod, params IEnumerable<string> lines) =>
        Change(() => pods[pod] = new Pod([.. lines.Select(l => (TimeProvider.System.GetUtcNow(), "api", l))]));

    /// <summary>What a pod logs now.</summary>
    public void Log(string pod, string line, string container = "api") =>
        Change(() => pods[pod].Lines.Add((TimeProvider.System.GetUtcNow(), container, line)));

    public void Remove(string pod) => Change(() => pods.Remove(pod));

    public void Restart(string pod) => Change(() => pods[pod].Restarts++);

    /// <summary>Ends every answer that is being followed, as an API server that is updated does.</summary>
    public void CutStreams() => Change(() => cut++);

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
            _ when pods.ContainsKey(path.Split('/')[^1]) => Json(
                context,
                Described(path.Split('/')[^1]).ToJsonString()
            ),
            _ => NotFound(context),
        };
    }

    private string Deployment() =>
        $$$"""
            {"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"seedtest-api","namespace":"production","generation":3},
             "spec":{"selector":{"matchLabels":{"app":"seedtest"},"matchExpressions":[{"key":"tier","operator":"In","values":["web","api"]}]},{{{Replicas}}}
            """;

    private string PodList(HttpContext context)
    {
        Assert.Equal("app=seedtest,tier in (web,api)", context.Request.Query["labelSelector"]);
        lock (one)
        {
            return new JsonObject
            {
                ["kind"] = "PodList",
                ["apiVersion"] = "v1",
                ["metadata"] = new JsonObject(),
                ["items"] = new JsonArray([.. pods.Keys.Select(Described)]),
            }.ToJsonString();
        }
    }

    private JsonNode Described(string name) =>
        JsonNode.Parse(
            $$$"""
            {"kind":"Pod","apiVersion":"v1","metadata":{"name":"{{{name}}}","uid":"{{{pods[
                name
            ].Id}}}","namespace":"production","labels":{"app":"seedtest","tier":"web"}},
             "spec":{"containers":[{"name":"api","image":"x"},{"name":"proxy","image":"y"}]},
             "status":{"phase":"Running","containerStatuses":[
               {"name":"api","restartCount":{{{pods[
                name
            ].Restarts}}},"state":{"running":{}} },{"name":"proxy","restartCount":0,"state":{"running":{}} }]} }
            """
        )!;

    /// <summary>The lines there are and, where they are followed, those to come, until the pod is gone.</summary>
    private async Task LogAsync(HttpContext context, string pod)
    {
        if (LogStatus is { } status)
        {
            context.Response.StatusCode = status;
            await Json(
                context,
                $$$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{{{pod}}} is forbidden: no access to pods/log","reason":"Forbidden","code": {{{status}}} }"""
            );
            return;
        }

        Assert.Equal("true", context.Request.Query["timestamps"]);
        Interlocked.Increment(ref following);
        Interlocked.Increment(ref followed);
        try
        {
            await FollowAsync(context, pod);
        }
        catch (OperationCanceledException)
        {
            // kubectl has ended.
        }
        finally
        {
            Interlocked.Decrement(ref following);
        }
    }

    private async Task FollowAsync(HttpContext context, string pod)
    {
        var query = context.Request.Query;
        var from =
            query.TryGetValue("sinceSeconds", out var seconds)
                ? TimeProvider.System.GetUtcNow()
                    - TimeSpan.FromSeconds(int.Parse(seconds!, CultureInfo.InvariantCulture))
            : query.TryGetValue("sinceTime", out var time) ? DateTimeOffset.Parse(time!, CultureInfo.InvariantCulture)
            : query["tailLines"] == "0" ? TimeProvider.System.GetUtcNow()
            : DateTimeOffset.MinValue;
        var (sent, asked, running) = (0, cut, pods[pod]);
        while (true)
        {
            Task next;
            bool isOver;
            List<(DateTimeOffset At, string Container, string Text)> lines;
            lock (one)
            {
                isOver = !pods.ContainsValue(running) || asked != cut;
                (next, lines) = (changed.Task, [.. running.Lines.Skip(sent)]);
            }

            sent += lines.Count;
            foreach (var line in lines.Where(l => l.At >= from && l.Container == query["container"]))
            {
                await context.Response.WriteAsync($"{line.At.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ} {line.Text}\n");
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (isOver || query["follow"] != "true")
            {
                return;
            }

            await next.WaitAsync(context.RequestAborted);
        }
    }

    private void Change(Action change)
    {
        lock (one)
        {
            change();
            var last = changed;
            changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            last.SetResult();
        }
    }

    private sealed class Pod(List<(DateTimeOffset At, string Container, string Text)> lines)
    {
        public List<(DateTimeOffset At, string Container, string Text)> Lines { get; } = lines;

        public string Id { get; } = Guid.NewGuid().ToString();

        public int Restarts { get; set; }
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
