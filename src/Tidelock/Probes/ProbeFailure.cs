using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>What went wrong with a source, for people.</summary>
internal static class ProbeFailure
{
    public static Message Of(Exception e) =>
        e switch
        {
            TidelockException known => known.Problem,
            HttpRequestException http => Message.Of(CodeOf(http), ("reason", e.GetBaseException().Message)),
            _ => Message.Of("probes.failed", ("reason", e.GetBaseException().Message)),
        };

    /// <summary>One signal's sample; a failure is its own and not that of the signals beside it, and stands for the time given.</summary>
    public static async Task<Sample> GuardAsync(
        string signal,
        DateTimeOffset at,
        ProbeContext context,
        Func<Task<Sample>> read,
        CancellationToken cancellation
    )
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            var what = cancellation.IsCancellationRequested ? context.TooLate : Of(e);
            return Sample.Error(signal, at, what);
        }
    }

    private static string CodeOf(HttpRequestException e) =>
        e.HttpRequestError switch
        {
            HttpRequestError.SecureConnectionError => "probes.tls",
            HttpRequestError.NameResolutionError => "probes.unknown-host",
            HttpRequestError.ConnectionError => "probes.unreachable",
            HttpRequestError.ConfigurationLimitExceeded => "probes.too-long",
            _ => "probes.failed",
        };
}
