using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Tidelock.Tests.Probes;

namespace Tidelock.Tests.Notifications;

/// <summary>
/// Slack as its documentation describes it, as far as Tidelock speaks to it: channels, messages that are posted, edited and answered in their
/// threads, incoming webhooks; and whatever it can answer instead.
/// </summary>
internal sealed class SlackServer : IAsyncDisposable
{
    public const string Token = "xoxb-canary-4711-tidelock";
    public const string ChannelId = "C024BE91L";
    private const int PageSize = 5;
    private const string HookPath = "/services/T0/B0/canary-hook-4711";

    private readonly Lock one = new();
    private readonly List<SlackPost> posts = [];
    private readonly ConcurrentQueue<Func<HttpContext, Task>> faults = new();
    private StubServer server = null!;
    private int stamps;

    public Uri Api => new(server.Address, "/api");

    public string Webhook => new Uri(server.Address, HookPath).AbsoluteUri;

    /// <summary>Its channels as <c>conversations.list</c> tells of them, a page each.</summary>
    public JsonArray[] Pages { get; set; } =
    [
        [Channel(ChannelId, "db-ops")],
    ];

    /// <summary>What the token may do.</summary>
    public string Scopes { get; set; } = "chat:write,channels:read,groups:read,channels:history,groups:history";

    /// <summary>The text of the next post that is taken and whose answer never comes; null for none.</summary>
    public string? Loses { get; set; }

    /// <summary>What every call is answered instead of what it asked for; null for nothing.</summary>
    public Func<HttpContext, Task>? Always { get; set; }

    /// <summary>Every call in order: the method of the API, and its body or query.</summary>
    public ConcurrentQueue<(string Method, JsonObject Body)> Calls { get; } = new();

    /// <summary>What stands in the channel and its threads now.</summary>
    public IReadOnlyList<SlackPost> Posts
    {
        get
        {
            lock (one)
            {
                return [.. posts];
            }
        }
    }

    public IReadOnlyList<SlackPost> Messages => [.. Posts.Where(p => p.Thread is null)];

    public static async Task<SlackServer> StartAsync()
    {
        var slack = new SlackServer();
        slack.server = await StubServer.StartAsync(slack.AnswerAsync);
        return slack;
    }

    public static JsonObject Channel(string id, string name, bool isMember = true, bool isArchived = false) =>
        new()
        {
            ["id"] = id,
            ["name"] = name,
            ["is_member"] = isMember,
            ["is_archived"] = isArchived,
        };

    /// <summary>The next call is answered like this and does nothing.</summary>
    public void Fail(Func<HttpContext, Task> answer) => faults.Enqueue(answer);

    public static Func<HttpContext, Task> Refusing(string error) =>
        context => context.Response.WriteAsJsonAsync(new JsonObject { ["ok"] = false, ["error"] = error });

    public static Func<HttpContext, Task> Saying(int status, string body, string? retryAfter = null) =>
        context =>
        {
            context.Response.StatusCode = status;
            if (retryAfter is not null)
            {
                context.Response.Headers.RetryAfter = retryAfter;
            }

            return context.Response.WriteAsync(body);
        };

    /// <summary>Breaks the connection off.</summary>
    public static Task Silent(HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    public void Delete(string stamp)
    {
        lock (one)
        {
            posts.RemoveAll(p => p.Stamp == stamp);
        }
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var method = context.Request.Path.Value!.Replace("/api/", "", StringComparison.Ordinal);
        var body = await BodyAsync(context.Request);
        Calls.Enqueue((method, body));
        if (Always is { } always)
        {
            await always(context);
        }
        else if (faults.TryDequeue(out var fault))
        {
            await fault(context);
        }
        else if (method == HookPath)
        {
            Add(null, body);
            await context.Response.WriteAsync("ok");
        }
        else
        {
            var answer = Answer(method, context.Request, body);
            if (
                method == "chat.postMessage"
                && Loses is { } text
                && ((string)body["text"]!).Contains(text, StringComparison.Ordinal)
            )
            {
                Loses = null;
                context.Abort();
                return;
            }

            context.Response.Headers["x-oauth-scopes"] = Scopes;
            await context.Response.WriteAsJsonAsync(answer);
        }
    }

    private static async Task<JsonObject> BodyAsync(HttpRequest request)
    {
        if (HttpMethods.IsPost(request.Method))
        {
            Assert.Equal("application/json; charset=utf-8", request.ContentType);
            return (await JsonNode.ParseAsync(request.Body))!.AsObject();
        }

        var query = new JsonObject();
        foreach (var (name, value) in request.Query)
        {
            query[name] = value.ToString();
        }

        return query;
    }

    private JsonObject Answer(string method, HttpRequest request, JsonObject body) =>
        request.Headers.Authorization != $"Bearer {Token}"
            ? Refusal("invalid_auth")
            : method switch
            {
                "auth.test" => Ok(
                    new JsonObject
                    {
                        ["team"] = "Seedtest",
                        ["user"] = "tidelock",
                        ["team_id"] = "T024BE7LD",
                    }
                ),
                "conversations.info" => Info(body),
                "conversations.list" => List(body),
                "conversations.history" => History(body, p => p.Thread is null),
                "conversations.replies" => History(body, p => (p.Thread ?? p.Stamp) == (string?)body["ts"]),
                "chat.postMessage" => Post(body),
                "chat.update" => Update(body),
                _ => Refusal("unknown_method"),
            };

    private JsonObject Info(JsonObject body) =>
        Pages.SelectMany(p => p).FirstOrDefault(c => (string?)c!["id"] == (string?)body["channel"]) is { } channel
            ? Ok(new JsonObject { ["channel"] = channel.DeepClone() })
            : Refusal("channel_not_found");

    private JsonObject List(JsonObject body)
    {
        var page = int.TryParse((string?)body["cursor"], out var known) ? known : 0;
        var next = page + 1 < Pages.Length ? $"{page + 1}" : "";
        return Ok(
            new JsonObject
            {
                ["channels"] = Pages[page].DeepClone(),
                ["response_metadata"] = new JsonObject { ["next_cursor"] = next },
            }
        );
    }

    /// <summary>The newest first, a page of five; replies the other way round. Metadata is told only to who asks for it.</summary>
    private JsonObject History(JsonObject body, Func<SlackPost, bool> isMeant)
    {
        if (!Scopes.Contains("channels:history", StringComparison.Ordinal))
        {
            var refusal = Refusal("missing_scope");
            refusal["needed"] = "channels:history";
            return refusal;
        }

        var all = Posts.Where(isMeant);
        var page = int.TryParse((string?)body["cursor"], out var known) ? known : 0;
        var ordered = (body.ContainsKey("ts") ? all : all.Reverse()).ToList();
        var shown = ordered.Skip(page * PageSize).Take(PageSize);
        return Ok(
            new JsonObject
            {
                ["messages"] = new JsonArray([
                    .. shown.Select(p => (JsonNode)Shown(p, (string?)body["include_all_metadata"] == "true")),
                ]),
                ["response_metadata"] = new JsonObject
                {
                    ["next_cursor"] = ordered.Count > (page + 1) * PageSize ? $"{page + 1}" : "",
                },
            }
        );
    }

    private static JsonObject Shown(SlackPost post, bool withMetadata)
    {
        var shown = new JsonObject
        {
            ["type"] = "message",
            ["ts"] = post.Stamp,
            ["text"] = post.Text,
        };
        if (withMetadata && post.Body["metadata"] is { } metadata)
        {
            shown["metadata"] = metadata.DeepClone();
        }

        return shown;
    }

    private JsonObject Post(JsonObject body)
    {
        if ((string?)body["channel"] is not ("#db-ops" or ChannelId))
        {
            return Refusal("channel_not_found");
        }

        return (string?)body["text"] is not { Length: > 0 }
            ? Refusal("no_text")
            : Ok(new JsonObject { ["channel"] = ChannelId, ["ts"] = Add((string?)body["thread_ts"], body) });
    }

    private string Add(string? thread, JsonObject body)
    {
        lock (one)
        {
            var stamp = $"1405894322.{stamps++:000000}";
            posts.Add(new SlackPost(stamp, thread, body, Edits: 0));
            return stamp;
        }
    }

    private JsonObject Update(JsonObject body)
    {
        lock (one)
        {
            // The API takes no name here.
            var at = posts.FindIndex(p => p.Stamp == (string?)body["ts"]);
            if ((string?)body["channel"] != ChannelId || at < 0)
            {
                return Refusal(at < 0 ? "message_not_found" : "channel_not_found");
            }

            posts[at] = posts[at] with { Body = body, Edits = posts[at].Edits + 1 };
            return Ok(new JsonObject { ["channel"] = ChannelId, ["ts"] = posts[at].Stamp });
        }
    }

    private static JsonObject Ok(JsonObject answer)
    {
        answer["ok"] = true;
        return answer;
    }

    private static JsonObject Refusal(string error) => new() { ["ok"] = false, ["error"] = error };
}

/// <summary>A message of a channel or a thread.</summary>
internal sealed record SlackPost(string Stamp, string? Thread, JsonObject Body, int Edits)
{
    public string Text => (string)Body["text"]!;

    /// <summary>All that people read in it.</summary>
    public string Read =>
        Body.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
