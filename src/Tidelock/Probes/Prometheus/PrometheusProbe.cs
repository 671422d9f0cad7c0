using System.Globalization;

namespace Tidelock.Probes.Prometheus;

/// <summary>Asks a Prometheus server: for values at this moment, or over a time that is past.</summary>
internal sealed class PrometheusProbe(
    HttpAccess server,
    IReadOnlyList<PrometheusProbeOptions> queries,
    ProbeContext context
) : IRangeProbe
{
    private readonly ProbeHttp http = new(server, context);

    public IReadOnlyList<string> Signals => [.. queries.Select(q => q.Signal)];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var now = context.Time.GetUtcNow();
        return await Task.WhenAll(queries.Select(q => OneAsync(q, now - q.Delay, cancellation))).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<Sample>> ReadRangeAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    )
    {
        var ranges = await Task.WhenAll(queries.Select(q => RangeAsync(q, from, to, step, cancellation)))
            .ConfigureAwait(false);
        return [.. ranges.SelectMany(r => r)];
    }

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private Task<Sample> OneAsync(PrometheusProbeOptions query, DateTimeOffset at, CancellationToken cancellation) =>
        ProbeFailure.GuardAsync(
            query.Signal,
            context,
            async () =>
            {
                var asked = query.Weight is { } weight ? new[] { query.Query, weight } : [query.Query];
                var samples = await Task.WhenAll(asked.Select(e => InstantAsync(query, e, at, cancellation)))
                    .ConfigureAwait(false);
                return samples is [var value, var requests] ? PrometheusAnswer.Weighted(value, requests) : samples[0];
            },
            cancellation
        );

    private async Task<Sample> InstantAsync(
        PrometheusProbeOptions query,
        string expression,
        DateTimeOffset at,
        CancellationToken cancellation
    )
    {
        var form = Form(query, expression, context.Timeout);
        form["time"] = Seconds(at);
        var reply = await AskAsync("/api/v1/query", form, cancellation).ConfigureAwait(false);
        return PrometheusAnswer.Read(query, at, reply);
    }

    private async Task<IReadOnlyList<Sample>> RangeAsync(
        PrometheusProbeOptions query,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    )
    {
        var complete = context.Time.GetUtcNow() - query.Delay;
        var end = to < complete ? to : complete;
        if (end < from)
        {
            return [];
        }

        var samples = await OverAsync(query, query.Query, from, end, step, cancellation).ConfigureAwait(false);
        return query.Weight is { } weight
            ? PrometheusAnswer.Weighted(
                samples,
                await OverAsync(query, weight, from, end, step, cancellation).ConfigureAwait(false)
            )
            : samples;
    }

    private async Task<IReadOnlyList<Sample>> OverAsync(
        PrometheusProbeOptions query,
        string expression,
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    )
    {
        try
        {
            var form = Form(query, expression, ProbeContext.RangeTimeout);
            form["start"] = Seconds(from);
            form["end"] = Seconds(to);
            form["step"] = Seconds(step);
            var reply = await AskAsync("/api/v1/query_range", form, cancellation).ConfigureAwait(false);
            return PrometheusAnswer.ReadRange(query.Signal, to, reply);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return [Sample.Error(query.Signal, to, ProbeFailure.Of(e))];
        }
    }

    private Task<HttpReply> AskAsync(string path, Dictionary<string, string> form, CancellationToken cancellation) =>
        http.AskAsync(
            () => new HttpRequestMessage(HttpMethod.Post, http.At(path)) { Content = new FormUrlEncodedContent(form) },
            cancellation
        );

    private static Dictionary<string, string> Form(PrometheusProbeOptions query, string expression, TimeSpan timeout)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["query"] = expression,
            ["timeout"] = Duration(timeout),
        };
        if (query.Lookback is { } lookback)
        {
            form["lookback_delta"] = Duration(lookback);
        }

        return form;
    }

    private static string Seconds(DateTimeOffset at) => Seconds(TimeSpan.FromMilliseconds(at.ToUnixTimeMilliseconds()));

    private static string Seconds(TimeSpan span) => span.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>In whole milliseconds: Prometheus knows no fractions of a second.</summary>
    private static string Duration(TimeSpan span) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(span.TotalMilliseconds)}ms");
}
