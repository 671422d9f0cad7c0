using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Probes.Prometheus;

/// <summary>Asks a Prometheus server: for values at this moment, or over a time that is past.</summary>
internal sealed class PrometheusProbe(
    HttpAccess server,
    IReadOnlyList<PrometheusProbeOptions> queries,
    ProbeContext context
) : IRangeProbe
{
    /// <summary>A value whose points are older than this is none, unless they were always as far apart.</summary>
    private static readonly TimeSpan UsualPatience = TimeSpan.FromMinutes(2);

    /// <summary>How long ago and how often points are looked at to tell how far apart they are; none is carried on for longer than minutes.</summary>
    private static readonly (TimeSpan For, TimeSpan Step) Looked = (TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(15));

    private readonly ProbeHttp http = new(server, context);
    private readonly PrometheusAges ages = new(queries);

    public IReadOnlyList<string> Signals => [.. queries.Select(q => q.Signal)];

    public Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        http.Clock.ReadAsync(async ahead =>
        {
            var now = context.Time.GetUtcNow() + ahead;
            var dating = AgesAsync(now, cancellation);
            var samples = await Task.WhenAll(queries.Select(q => OneAsync(q, now - q.Delay, now, cancellation)))
                .ConfigureAwait(false);
            var known = await dating.ConfigureAwait(false);
            var apart = await SpacingsAsync(known, now, cancellation).ConfigureAwait(false);
            return [.. queries.Zip(samples, (q, s) => Dated(q, s, known, Patience(q, apart)))];
        });

    public Task<IReadOnlyList<Sample>> ReadRangeAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    ) =>
        http.Clock.ReadAsync(async ahead =>
        {
            var complete = context.Time.GetUtcNow() + ahead;
            var ranges = await Task.WhenAll(
                    queries.Select(q => RangeAsync(q, from + ahead, to + ahead, complete - q.Delay, step, cancellation))
                )
                .ConfigureAwait(false);
            return [.. ranges.SelectMany(r => r)];
        });

    public Task<IReadOnlyList<Sample>> ReadAgesAsync(CancellationToken cancellation) =>
        http.Clock.ReadAsync(async ahead =>
        {
            var (now, timeout) = (context.Time.GetUtcNow() + ahead, ProbeContext.RangeTimeout);
            var (found, unseen) = await AskAgesAsync(ages, a => a.Expression, now, timeout, cancellation)
                .ConfigureAwait(false);
            var missing = found.Where(a => a.Outcome is SampleOutcome.NoData).Select(a => a.Signal).ToHashSet();
            var older = new PrometheusAges(queries.Where(q => missing.Contains(q.Signal)));
            var labels = new Dictionary<string, Task<IReadOnlyList<string>?>>(StringComparer.Ordinal);
            var spelling = new PrometheusSpelling(metric =>
                labels.TryGetValue(metric, out var asked)
                    ? asked
                    : labels[metric] = LabelsAsync(metric, now, cancellation)
            );
            var dated = new List<Sample>();
            foreach (var age in found.Where(a => !missing.Contains(a.Signal)))
            {
                var told = age.Value is null
                    ? age
                    : await spelling.WithAsync(age, unseen[age.Signal]).ConfigureAwait(false);
                dated.Add(told);
            }

            return
            [
                .. dated,
                .. (
                    await AskAgesAsync(older, a => a.ExpressionOfAnHour, now, timeout, cancellation)
                        .ConfigureAwait(false)
                ).Ages,
            ];
        });

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A value that the server carries on from points too long before its time is none.</summary>
    private static Sample Dated(
        PrometheusProbeOptions query,
        Sample sample,
        IEnumerable<Sample> ages,
        TimeSpan patience
    ) =>
        sample.Outcome is SampleOutcome.Value && Age(query, ages) is { } age && age > patience + query.Delay
            ? Sample.NoData(sample.Signal, sample.At, Message.Of("probes.prometheus.stale", ("age", age)))
            : sample;

    private static TimeSpan? Age(PrometheusProbeOptions query, IEnumerable<Sample> ages) =>
        ages.FirstOrDefault(a => string.Equals(a.Signal, query.Signal, StringComparison.Ordinal))?.Value is { } seconds
            ? TimeSpan.FromSeconds(seconds)
            : null;

    /// <summary>Twice as long as points are apart: one that is missing once is no outage.</summary>
    private static TimeSpan Patience(PrometheusProbeOptions query, IReadOnlyDictionary<string, TimeSpan> apart)
    {
        var twice = apart.GetValueOrDefault(query.Signal) * 2;
        return query.Lookback ?? (twice > UsualPatience ? twice : UsualPatience);
    }

    /// <summary>
    /// How far apart points of signals are whose newest is old, where nobody says how old it may be. None where the server cannot tell within
    /// what is left of the tick.
    /// </summary>
    private async Task<IReadOnlyDictionary<string, TimeSpan>> SpacingsAsync(
        IReadOnlyList<Sample> known,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var none = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        var old = new PrometheusAges(queries.Where(q => q.Lookback is null && Age(q, known) > UsualPatience + q.Delay));
        if (!old.Signals.Any())
        {
            return none;
        }

        using var late = new CancellationTokenSource(context.Timeout / 4, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            var form = Over(old.ExpressionAsRead, context.Timeout, null, (now - Looked.For, now, Looked.Step));
            var reply = await AskAsync("/api/v1/query_range", form, either.Token).ConfigureAwait(false);
            return old.ReadSpacings(now, reply);
        }
        catch (Exception)
        {
            return none;
        }
    }

    /// <summary>None where they cannot be had in a tick: the values stand as the server dates them.</summary>
    private async Task<IReadOnlyList<Sample>> AgesAsync(DateTimeOffset at, CancellationToken cancellation)
    {
        try
        {
            var asked = AskAgesAsync(ages, a => a.ExpressionAsRead, at, context.Timeout, cancellation);
            return (await asked.ConfigureAwait(false)).Ages;
        }
        catch (Exception)
        {
            return [];
        }
    }

    /// <summary>The ages, and the selectors of each signal of which there are no points.</summary>
    private async Task<(IReadOnlyList<Sample> Ages, ILookup<string, string> Unseen)> AskAgesAsync(
        PrometheusAges of,
        Func<PrometheusAges, string> expression,
        DateTimeOffset at,
        TimeSpan timeout,
        CancellationToken cancellation
    )
    {
        if (!of.Signals.Any())
        {
            return ([], of.Unseen(new HashSet<int>()));
        }

        var form = Form(expression(of), timeout, null);
        form["time"] = Seconds(at);
        return of.Read(at, await AskAsync("/api/v1/query", form, cancellation).ConfigureAwait(false));
    }

    /// <summary>The labels that series of a metric had in the last hour; null where the server does not tell.</summary>
    private async Task<IReadOnlyList<string>?> LabelsAsync(
        string metric,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["match[]"] = metric,
            ["start"] = Seconds(now - TimeSpan.FromHours(1)),
            ["end"] = Seconds(now),
        };
        using var late = new CancellationTokenSource(context.Timeout, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            return PrometheusSpelling.Read(await AskAsync("/api/v1/labels", form, either.Token).ConfigureAwait(false));
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    private Task<Sample> OneAsync(
        PrometheusProbeOptions query,
        DateTimeOffset at,
        DateTimeOffset now,
        CancellationToken cancellation
    ) =>
        ProbeFailure.GuardAsync(
            query.Signal,
            now,
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
        var form = Form(expression, context.Timeout, query.Lookback);
        form["time"] = Seconds(at);
        var reply = await AskAsync("/api/v1/query", form, cancellation).ConfigureAwait(false);
        return PrometheusAnswer.Read(query, at, reply);
    }

    private async Task<IReadOnlyList<Sample>> RangeAsync(
        PrometheusProbeOptions query,
        DateTimeOffset from,
        DateTimeOffset to,
        DateTimeOffset complete,
        TimeSpan step,
        CancellationToken cancellation
    )
    {
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
            var form = Over(expression, ProbeContext.RangeTimeout, query.Lookback, (from, to, step));
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

    private static Dictionary<string, string> Over(
        string expression,
        TimeSpan timeout,
        TimeSpan? lookback,
        (DateTimeOffset From, DateTimeOffset To, TimeSpan Step) time
    )
    {
        var form = Form(expression, timeout, lookback);
        form["start"] = Seconds(time.From);
        form["end"] = Seconds(time.To);
        form["step"] = Seconds(time.Step);
        return form;
    }

    private static Dictionary<string, string> Form(string expression, TimeSpan timeout, TimeSpan? lookback)
    {
        var form = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["query"] = expression,
            ["timeout"] = Duration(timeout),
        };
        if (lookback is { } back)
        {
            form["lookback_delta"] = Duration(back);
        }

        return form;
    }

    private static string Seconds(DateTimeOffset at) => Seconds(TimeSpan.FromMilliseconds(at.ToUnixTimeMilliseconds()));

    private static string Seconds(TimeSpan span) => span.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture);

    /// <summary>In whole milliseconds: Prometheus knows no fractions of a second.</summary>
    private static string Duration(TimeSpan span) =>
        string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(span.TotalMilliseconds)}ms");
}
