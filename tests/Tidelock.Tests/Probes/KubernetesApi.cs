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
    private int refused;

    /// <summary>What every request is answered with instead; null for the real answers.</summary>
    public int? Status { get; set; }

    /// <summary>How many more requests for the workload are answered as by a gateway that has nobody behind it.</summary>
    public int FailuresLeft { get; set; }

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

    /// <summary>How many requests for logs have got <see cref="LogStatus"/>.</summary>
    public int Refused => refused;

    /// <summary>A pod that runs, with the lines it has logged.</summary>
    public void Add(string pod, params IEnumerable<string> lines) =>
        Change(() =>
        {
            pods[pod] = new Pod();
            pods[pod].Api.Log(lines);
        });

    /// <summary>A pod whose first container cannot begin.</summary>
    public void AddWaiting(string pod, string reason) =>
        Change(() =>
        {
            pods[pod] = new Pod();
            (pods[pod].Api.Waits, pods[pod].Api.Lives) = (reason, []);
        });

    /// <summary>What a pod logs now.</summary>
    public void Log(string pod, string line, string container = "api") =>
        Change(() => pods[pod].Containers[container].Log([line]));

    public void Remove(string pod) => Change(() => pods.Remove(pod));

    /// <summary>The first container ends and is to be started again later.</summary>
    public void Crash(string pod) => Change(() => pods[pod].Api.Waits = "CrashLoopBackOff");

    /// <summary>The first container is started again, with a log of its own; of those before only the last is kept.</summary>
    public void Restart(string pod) =>
        Change(() =>
        {
            pods[pod].Api.Waits = null;
            pods[pod].Api.Lives.Add([]);
        });

    /// <summary>The node has removed what a container logged in its last life.</summary>
    public void ForgetPrevious(string pod) => Change(() => pods[pod].Api.HasPrevious = false);

    /// <summary>Ends every answer that is being followed, as an API server that is updated does.</summary>
    public void CutStreams() => Change(() => cut++);

    public string Config => Path.Combine(folder, "config");

    /// <summary>Where kubectl keeps what it has found out about this API.</summary>
    public string Cache => Path.Combine(folder, "cache");

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
        if (path.EndsWith("/seedtest-api", StringComparison.Ordinal) && FailuresLeft > 0)
        {
            FailuresLeft--;
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        }

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
            $"/apis/apps/v1{Space}/deployments" => context.Request.Query["watch"] == "true"
                ? UnchangedAsync(context)
                : Json(
                    context,
                    $$"""{"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"7"},"items":[{{Deployment()}}]}"""
                ),
            $"/api/v1{Space}/pods" => Json(context, PodList(context)),
            _ when path.EndsWith("/log", StringComparison.Ordinal) => LogAsync(context, path.Split('/')[^2]),
            _ when pods.ContainsKey(path.Split('/')[^1]) => Json(
                context,
                Described(path.Split('/')[^1]).ToJsonString()
            ),
            _ => NotFound(context),
        };
    }

    /// <summary>A watch of the workload, to which nothing happens.</summary>
    private static async Task UnchangedAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted)
            .ContinueWith(_ => { }, TaskScheduler.Default);
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
             "status":{"phase":"Running","containerStatuses":[{{{string.Join(
                ',',
                pods[name].Containers.Select(c => c.Value.Status(c.Key))
            )}}}]} }
            """
        )!;

    private Task LogAsync(HttpContext context, string pod)
    {
        var container = context.Request.Query["container"].ToString();
        if (LogStatus is { } status)
        {
            Interlocked.Increment(ref refused);
            return Refuse(context, status, "Forbidden", $"{pod} is forbidden: no access to pods/log");
        }

        return pods[pod].Containers[container].Refusal(context.Request.Query["previous"] == "true") is { } why
            ? Refuse(context, 400, "BadRequest", $"container {container} in pod {pod} {why}")
            : SayAsync(context, pods[pod], pods[pod].Containers[container]);
    }

    private static Task Refuse(HttpContext context, int status, string reason, string message)
    {
        context.Response.StatusCode = status;
        return Json(
            context,
            $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{{message}}","reason":"{{reason}}","code":{{status}}}"""
        );
    }

    /// <summary>The lines there are and, where they are followed, those to come, until the container ends or the pod is gone.</summary>
    private async Task SayAsync(HttpContext context, Pod pod, Container container)
    {
        var query = context.Request.Query;
        Assert.Equal("true", query["timestamps"]);
        var from =
            query.TryGetValue("sinceSeconds", out var seconds)
                ? TimeProvider.System.GetUtcNow()
                    - TimeSpan.FromSeconds(int.Parse(seconds!, CultureInfo.InvariantCulture))
            : query.TryGetValue("sinceTime", out var time) ? DateTimeOffset.Parse(time!, CultureInfo.InvariantCulture)
            : DateTimeOffset.MinValue;
        int sent,
            asked;
        List<(DateTimeOffset At, string Text)> life;
        lock (one)
        {
            life = container.Lives[query["previous"] == "true" ? ^2 : ^1];
            (asked, sent) = (cut, query["tailLines"] == "0" ? life.Count : 0);
        }

        // Who waits for this logs a line next, and it must not be one of those that were there before.
        Interlocked.Increment(ref following);
        Interlocked.Increment(ref followed);
        try
        {
            while (true)
            {
                Task next;
                bool isOver;
                List<(DateTimeOffset At, string Text)> lines;
                lock (one)
                {
                    isOver = !pods.ContainsValue(pod) || asked != cut || !container.IsLiving(life);
                    (next, lines) = (changed.Task, [.. life.Skip(sent)]);
                }

                sent += lines.Count;
                foreach (var line in lines.Where(l => l.At >= from))
                {
                    await context.Response.WriteAsync(
                        $"{line.At.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffffffZ} {line.Text}\n"
                    );
                }

                await context.Response.Body.FlushAsync(context.RequestAborted);
                if (isOver || query["follow"] != "true")
                {
                    return;
                }

                await next.WaitAsync(context.RequestAborted);
            }
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

    private sealed class Pod
    {
        public string Id { get; } = Guid.NewGuid().ToString();

        public Dictionary<string, Container> Containers { get; } =
            new(StringComparer.Ordinal) { ["api"] = new Container(), ["proxy"] = new Container() };

        public Container Api => Containers["api"];
    }

    private sealed class Container
    {
        /// <summary>What it has logged in each of its lives.</summary>
        public List<List<(DateTimeOffset At, string Text)>> Lives { get; set; } =
        [
            [],
        ];

        public string? Waits { get; set; }

        public bool HasPrevious { get; set; } = true;

        public void Log(IEnumerable<string> lines) =>
            Lives[^1].AddRange(lines.Select(l => (TimeProvider.System.GetUtcNow(), l)));

        public bool IsLiving(List<(DateTimeOffset At, string Text)> life) => Waits is null && Lives[^1] == life;

        /// <summary>A kubelet's own words for a log that it has not.</summary>
        public string? Refusal(bool previous) =>
            Lives.Count == 0 ? $"is waiting to start: {Waits}"
            : previous && (Lives.Count < 2 || !HasPrevious) ? "not found: previous terminated container"
            : null;

        public string Status(string name)
        {
            var now = Waits is null ? """{"running":{}}""" : $$$"""{"waiting":{"reason":"{{{Waits}}}"}}""";
            var before = Lives.Count > (Waits is null ? 1 : 0) ? """{"terminated":{"exitCode":1}}""" : "{}";
            return $$"""{"name":"{{name}}","restartCount":{{Math.Max(0, Lives.Count - 1)}},"state":{{now}},"lastState":{{before}}}""";
        }
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
