using System.Net;
using System.Text;
using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>
/// How probes ask over HTTP: no more is read of an answer than a watch can need, and what fails at once is asked once more while there
/// is time.
/// </summary>
internal sealed class ProbeHttp(HttpAccess access, ProbeContext context) : IDisposable
{
    private const int LargestAnswer = 4 * 1024 * 1024;
    private const int LongestBeginning = 60;
    private const int LongestLook = 4096;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(1);

    private HttpClient? client;

    /// <summary>The server's clock, as its answers tell.</summary>
    public SourceClock Clock { get; } = new(context);

    /// <summary>It follows no redirect, which would take keys to another host and read its page as an answer, and keeps no cookies.</summary>
    public static SocketsHttpHandler NewHandler() =>
        new()
        {
            PooledConnectionLifetime = ConnectionLifetime,
            AllowAutoRedirect = false,
            UseCookies = false,
        };

    /// <summary>The server's own address with a path added to it.</summary>
    public Uri At(string path) =>
        new UriBuilder(access.Address) { Path = access.Address.AbsolutePath.TrimEnd('/') + path }.Uri;

    /// <summary>The status and the whole answer. A connection that fails, and a gateway that has nobody behind it, gets a second try.</summary>
    /// <param name="request">Makes the request; called once per try.</param>
    /// <param name="cancellation">The tick's end.</param>
    public async Task<HttpReply> AskAsync(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        try
        {
            var first = await AskOnceAsync(request, cancellation).ConfigureAwait(false);
            if (
                first.Status
                is not (
                    (int)HttpStatusCode.BadGateway
                    or (int)HttpStatusCode.ServiceUnavailable
                    or (int)HttpStatusCode.GatewayTimeout
                )
            )
            {
                return first;
            }
        }
        catch (HttpRequestException e)
            when (e.HttpRequestError
                    is not (HttpRequestError.SecureConnectionError or HttpRequestError.ConfigurationLimitExceeded)
            )
        {
            // Once more.
        }

        await Task.Delay(Pause, context.Time, cancellation).ConfigureAwait(false);
        return await AskOnceAsync(request, cancellation).ConfigureAwait(false);
    }

    /// <summary>The same without a second try.</summary>
    public async Task<HttpReply> AskOnceAsync(Func<HttpRequestMessage> request, CancellationToken cancellation)
    {
        using var message = request();
        message.Headers.Authorization = access.Authorization;
        client ??= Client();
        var asked = context.Time.GetUtcNow();
        using var answer = await client.SendAsync(message, cancellation).ConfigureAwait(false);
        Clock.Saw(answer.Headers.Date, asked, context.Time.GetUtcNow());
        return new HttpReply(
            (int)answer.StatusCode,
            await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false)
        );
    }

    public void Dispose() => client?.Dispose();

    /// <summary>How an answer begins, for people who wonder what it is. A secret in it is hidden before it can be cut in two.</summary>
    public static string Beginning(byte[] body)
    {
        var text = Secrets.OfProcess.Scrub(Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, LongestLook))));
        return new string([.. text.Take(LongestBeginning).Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
    }

    private HttpClient Client() =>
        new(access.IsOrdinary ? context.Handler : access.NewHandler(), disposeHandler: !access.IsOrdinary)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
}

/// <summary>An HTTP answer.</summary>
internal sealed record HttpReply(int Status, byte[] Body);
