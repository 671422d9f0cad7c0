using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Http;

/// <summary>
/// How the API of a service is asked. A call has ten seconds, follows no redirect (which would take keys to another host) and reads no more
/// than an answer can need; what fails is told and not thrown.
/// </summary>
/// <param name="access">Where it is, and how it is logged in to.</param>
/// <param name="time">The clock.</param>
/// <param name="shared">What requests go through unless the server has an authority of its own; null for one of this object's.</param>
internal sealed class ApiHttp(HttpAccess access, TimeProvider time, HttpMessageHandler? shared = null)
{
    private const int LargestAnswer = 4 * 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Where a path of the API is, which may have a query.</summary>
    public Uri At(string path) => new(access.Address.AbsoluteUri.TrimEnd('/') + path);

    /// <summary>Asks once. The request may bring an authorization of its own.</summary>
    public async Task<ApiReply> AskAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var client = NewClient();
            request.Headers.Authorization ??= access.Authorization;
            using var answer = await client.SendAsync(request, either.Token).ConfigureAwait(false);
            return ApiReply.Of(
                access.Address.Host,
                answer,
                await answer.Content.ReadAsByteArrayAsync(either.Token).ConfigureAwait(false),
                time.GetUtcNow()
            );
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return ApiReply.Nothing(Message.Of("probes.too-late", ("timeout", Limit)));
        }
        catch (Exception e) when (e is HttpRequestException or TidelockException)
        {
            return ApiReply.Nothing(ProbeFailure.Of(e));
        }
    }

    private bool OwnsHandler => shared is null || !access.IsOrdinary;

    private HttpClient NewClient() =>
        new(OwnsHandler ? access.NewHandler() : shared!, OwnsHandler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
}
