using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Tidelock.Tests.Probes;

/// <summary>A real HTTP server that answers as a test says and keeps what it was asked.</summary>
internal sealed class RecordingServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<Asked> asked = new();
    private readonly StubServer server;

    private RecordingServer(StubServer server) => this.server = server;

    public Uri Address => server.Address;

    public IReadOnlyList<Asked> Asked => [.. asked];

    /// <summary>One that answers 200 with a body.</summary>
    public static Task<RecordingServer> StartAsync(Func<Asked, string> answer) =>
        StartAsync((a, response) => response.WriteAsync(answer(a)));

    public static async Task<RecordingServer> StartAsync(Func<Asked, HttpResponse, Task> answer)
    {
        RecordingServer? recording = null;
        recording = new RecordingServer(
            await StubServer.StartAsync(async context =>
            {
                var request = await Probes.Asked.OfAsync(context.Request);
                recording!.asked.Enqueue(request);
                await answer(request, context.Response);
            })
        );
        return recording;
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}

/// <summary>A request.</summary>
internal sealed record Asked(
    string Method,
    string Path,
    IQueryCollection Query,
    IHeaderDictionary Headers,
    byte[] Bytes
)
{
    public string Authorization => Headers.Authorization.ToString();

    public string Text => Encoding.UTF8.GetString(Bytes);

    public JsonNode Json => JsonNode.Parse(Bytes)!;

    public static async Task<Asked> OfAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        return new Asked(
            request.Method,
            request.Path,
            request.Query,
            new HeaderDictionary(request.Headers.ToDictionary(h => h.Key, h => h.Value)),
            body.ToArray()
        );
    }
}
