using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Http;

/// <summary>
/// Asks an address once per tick. What is measured of the answer itself is what a user would have got: it has no second try.
/// </summary>
internal sealed class HttpProbe(HttpProbeOptions options, ProbeContext context) : IProbe
{
    private readonly ProbeHttp http = new(options.Server, context);

    public IReadOnlyList<string> Signals => [options.Signal];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var began = context.Time.GetTimestamp();
        try
        {
            var reply =
                options.Measure is HttpMeasure.Json
                    ? await http.AskAsync(Request, cancellation).ConfigureAwait(false)
                    : await http.AskOnceAsync(Request, cancellation).ConfigureAwait(false);
            return [Measured(reply, context.Time.GetElapsedTime(began), context.Time.GetUtcNow())];
        }
        catch (HttpRequestException e) when (options.Measure is HttpMeasure.Errors && IsRefused(e))
        {
            return [Sample.Of(options.Signal, context.Time.GetUtcNow(), 1)];
        }
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private HttpRequestMessage Request() => new(HttpMethod.Get, options.Server.Address);

    private Sample Measured(HttpReply reply, TimeSpan took, DateTimeOffset now) =>
        options.Measure switch
        {
            HttpMeasure.Status => Sample.Of(options.Signal, now, reply.Status),
            HttpMeasure.Errors when !IsAboutTheAsker(reply.Status) => Sample.Of(
                options.Signal,
                now,
                reply.Status < (int)HttpStatusCode.BadRequest ? 0 : 1
            ),
            HttpMeasure.Latency when IsGood(reply) => Sample.Of(options.Signal, now, took.TotalSeconds),
            HttpMeasure.Json when IsGood(reply) => Number(reply, now),
            HttpMeasure.Errors or HttpMeasure.Latency or HttpMeasure.Json => Sample.Error(
                options.Signal,
                now,
                Message.Of("probes.http.status", ("status", reply.Status))
            ),
        };

    private static bool IsGood(HttpReply reply) => reply.Status is >= 200 and < 300;

    /// <summary>A login that has expired and a limit on how often one may ask say nothing of what users get.</summary>
    private static bool IsAboutTheAsker(int status) =>
        (HttpStatusCode)status
            is HttpStatusCode.Unauthorized
                or HttpStatusCode.Forbidden
                or HttpStatusCode.ProxyAuthenticationRequired
                or HttpStatusCode.TooManyRequests;

    /// <summary>The host is there and says that nobody listens. All else that fails on the way, a proxy too, may be the way.</summary>
    private bool IsRefused(HttpRequestException e) =>
        e.GetBaseException() is SocketException { SocketErrorCode: SocketError.ConnectionRefused }
        && HttpClient.DefaultProxy.GetProxy(options.Server.Address) is null;

    private Sample Number(HttpReply reply, DateTimeOffset now)
    {
        try
        {
            using var json = JsonDocument.Parse(reply.Body);
            return options.Json!.In(json.RootElement) switch
            {
                null or { ValueKind: JsonValueKind.Null } => Sample.NoData(
                    options.Signal,
                    now,
                    Message.Of("probes.http.nothing-there", ("path", options.Json))
                ),
                { ValueKind: JsonValueKind.Number } number => Sample.Of(options.Signal, now, number.GetDouble()),
                { ValueKind: JsonValueKind.True } => Sample.Of(options.Signal, now, 1),
                { ValueKind: JsonValueKind.False } => Sample.Of(options.Signal, now, 0),
                { ValueKind: JsonValueKind.String } text
                    when double.TryParse(
                        text.GetString(),
                        NumberStyles.Float,
                        CultureInfo.InvariantCulture,
                        out var number
                    ) => Sample.Of(options.Signal, now, number),
                { } other => Sample.Error(
                    options.Signal,
                    now,
                    Message.Of("probes.http.not-a-number", ("path", options.Json), ("kind", other.ValueKind))
                ),
            };
        }
        catch (Exception e) when (e is JsonException or FormatException)
        {
            return Sample.Error(
                options.Signal,
                now,
                Message.Of("probes.http.not-json", ("begins", ProbeHttp.Beginning(reply.Body)))
            );
        }
    }
}
