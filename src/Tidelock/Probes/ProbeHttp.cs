namespace Tidelock.Probes;

/// <summary>How probes ask over HTTP: no more is read of an answer than a watch can need.</summary>
internal static class ProbeHttp
{
    private const int LargestAnswer = 4 * 1024 * 1024;

    public static HttpClient Client(ProbeContext context) =>
        new(context.Handler, disposeHandler: false)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = LargestAnswer,
        };
}
