using System.Net;
using Tidelock.Texts;

namespace Tidelock.Probes.Datadog;

/// <summary>
/// Asks Datadog's metrics API for all queries that stand alone in one request, or for all formulas. One that it refuses fails the whole
/// request: then each is asked alone, so that only the wrong one is wrong.
/// </summary>
/// <param name="queries">All of them formulas, or none.</param>
/// <param name="context">What it reads with.</param>
internal sealed class DatadogProbe(IReadOnlyList<DatadogProbeOptions> queries, ProbeContext context) : IRangeProbe
{
    /// <summary>Long enough to hold a complete bucket, and short enough for Datadog to answer with small ones.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromMinutes(5);

    /// <summary>How far back a value is looked for to tell how late they come.</summary>
    private static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    private readonly DatadogAccess access = queries[0].Access;
    private readonly ProbeHttp http = new(new HttpAccess(queries[0].Access.Address), context);

    public IReadOnlyList<string> Signals => [.. queries.Select(q => q.Signal)];

    public Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        http.Clock.ReadAsync(async ahead =>
        {
            var now = context.Time.GetUtcNow() + ahead;
            var from = now - queries.Max(q => q.Delay) - Before;
            var answers = await AskAsync(from, now, cancellation).ConfigureAwait(false);
            return [.. queries.Zip(answers, (q, a) => Moment(q, a.Answer, a.Index, now))];
        });

    public Task<IReadOnlyList<Sample>> ReadRangeAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        TimeSpan step,
        CancellationToken cancellation
    ) =>
        http.Clock.ReadAsync(async ahead =>
        {
            var (begin, end, now) = (from + ahead, to + ahead, context.Time.GetUtcNow() + ahead);
            var answers = await AskAsync(begin - Before, end, cancellation).ConfigureAwait(false);
            return
            [
                .. queries
                    .Zip(answers, (q, a) => Range(q, a.Answer, a.Index, (begin, end, now), step))
                    .SelectMany(s => s),
            ];
        });

    public Task<IReadOnlyList<Sample>> ReadAgesAsync(CancellationToken cancellation) =>
        http.Clock.ReadAsync(async ahead =>
        {
            var now = context.Time.GetUtcNow() + ahead;
            var answers = await AskAsync(now - Remembered, now, cancellation).ConfigureAwait(false);
            return SameFor([.. queries.Zip(answers, (q, a) => Age(q, a.Answer, a.Index, now))]);
        });

    public ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }

    private Sample Moment(DatadogProbeOptions query, DatadogAnswer answer, int index, DateTimeOffset now)
    {
        var at = now - query.Delay;
        if (answer.Of(index, query.Signal, at, out var instead) is not { } series)
        {
            return instead!;
        }

        return series.At(at, now) is var (time, value) && at - time <= series.Bucket
            ? Counted(query, Sample.Of(query.Signal, time, value), answer, index, now, context.Every)
            : Sample.NoData(query.Signal, at, Message.Of("probes.datadog.stale", ("bucket", series.Bucket)));
    }

    /// <summary>
    /// The value with how many requests are behind it: those of a bucket once, however many samples it gives. Without that it would count as
    /// much as a value of a thousand requests, and is none.
    /// </summary>
    private static Sample Counted(
        DatadogProbeOptions query,
        Sample sample,
        DatadogAnswer answer,
        int index,
        DateTimeOffset now,
        TimeSpan apart
    )
    {
        if (query.Weight is null || sample.Outcome is not SampleOutcome.Value)
        {
            return sample;
        }

        if (answer.Of(index + 1, query.Signal, sample.At, out var instead) is not { } requests)
        {
            return instead! with { Detail = Message.Of("probes.datadog.no-weight", ("detail", instead.Detail)) };
        }

        return requests.At(sample.At, now) is var (time, count) && time == sample.At && count >= 0
            ? sample with
            {
                Weight = count * Math.Min(1, apart / requests.Bucket),
            }
            : Sample.NoData(
                query.Signal,
                sample.At,
                Message.Of(
                    "probes.datadog.no-weight",
                    ("detail", Message.Of("probes.datadog.stale", ("bucket", requests.Bucket)))
                )
            );
    }

    /// <summary>How long ago the newest bucket ended that is over and has a value.</summary>
    private static Sample Age(DatadogProbeOptions query, DatadogAnswer answer, int index, DateTimeOffset now) =>
        answer.Of(index, query.Signal, now, out var instead) is not { } series ? instead!
        : series.At(now, now) is var (end, _) ? Sample.Of(query.Signal, now, (now - end).TotalSeconds)
        : Sample.NoData(query.Signal, now, Message.Of("probes.datadog.stale", ("bucket", series.Bucket)));

    /// <summary>
    /// They come the same way, and one that is seldom reported is not late: the newest of all tells how late they are.
    /// </summary>
    private static IReadOnlyList<Sample> SameFor(IReadOnlyList<Sample> ages)
    {
        var newest = ages.Min(a => a.Value);
        return [.. ages.Select(a => a.Value is null ? a : a with { Value = newest })];
    }

    private static IEnumerable<Sample> Range(
        DatadogProbeOptions query,
        DatadogAnswer answer,
        int index,
        (DateTimeOffset From, DateTimeOffset To, DateTimeOffset Now) time,
        TimeSpan step
    )
    {
        if (answer.Of(index, query.Signal, time.To, out var instead) is not { } series)
        {
            return [instead!];
        }

        var complete = time.Now - query.Delay;
        var samples = new List<Sample>();
        for (var at = time.From; at <= time.To && at <= complete; at += step)
        {
            if (series.At(at, time.Now) is var (moment, value) && moment == at)
            {
                samples.Add(Counted(query, Sample.Of(query.Signal, at, value), answer, index, time.Now, step));
            }
        }

        return samples;
    }

    /// <summary>For every query the answer it is in, and as which; its requests come after it.</summary>
    private async Task<IReadOnlyList<(DatadogAnswer Answer, int Index)>> AskAsync(
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    )
    {
        var reply = await AskAsync(queries, from, to, cancellation).ConfigureAwait(false);
        if (reply.Status != (int)HttpStatusCode.BadRequest || queries.Count == 1)
        {
            var answer = DatadogAnswer.Read(reply);
            return [.. queries.Select((_, i) => (answer, queries.Take(i).Sum(q => q.Asked.Count)))];
        }

        var alone = new List<(DatadogAnswer, int)>();
        foreach (var query in queries)
        {
            var own = await AskAsync([query], from, to, cancellation).ConfigureAwait(false);
            alone.Add((DatadogAnswer.Read(own), 0));
        }

        return alone;
    }

    private Task<HttpReply> AskAsync(
        IReadOnlyList<DatadogProbeOptions> together,
        DateTimeOffset from,
        DateTimeOffset to,
        CancellationToken cancellation
    ) =>
        http.AskAsync(
            () =>
                together[0].Named is not null
                    ? DatadogRequest.Formulas(http, access, together, from, to)
                    : DatadogRequest.Queries(http, access, together.SelectMany(q => q.Asked), from, to),
            cancellation
        );
}
