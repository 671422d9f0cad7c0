using System.Globalization;
using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Prometheus;

/// <summary>What a Prometheus server answered, as samples: values, nothing, or an error.</summary>
internal static class PrometheusAnswer
{
    private const int Success = 200;
    private const int LongestText = 300;

    /// <summary>What a server looks back for when nobody says otherwise.</summary>
    private static readonly TimeSpan UsualLookback = TimeSpan.FromMinutes(5);

    /// <summary>The answer to a query for one moment.</summary>
    public static Sample Read(PrometheusProbeOptions query, DateTimeOffset at, HttpReply reply)
    {
        var sample = Understand(query.Signal, at, reply, result => [Moment(query.Signal, at, result)])[0];
        return sample.Outcome is SampleOutcome.Value && at - sample.At > (query.Lookback ?? UsualLookback)
            ? Sample.NoData(query.Signal, at, Message.Of("probes.prometheus.stale", ("age", at - sample.At)))
            : sample;
    }

    /// <summary>The answer to a query over a time that ends at <paramref name="to"/>.</summary>
    public static IReadOnlyList<Sample> ReadRange(string signal, DateTimeOffset to, HttpReply reply) =>
        Understand(
            signal,
            to,
            reply,
            data =>
            {
                var result = data.GetProperty("result");
                return data.GetProperty("resultType").GetString() switch
                {
                    "matrix" when Only(result) is { } series =>
                    [
                        .. series.GetProperty("values").EnumerateArray().Select(pair => Value(signal, pair)),
                    ],
                    "matrix" => [NotOne(signal, to, result)],
                    var type => [Sample.Error(signal, to, Message.Of("probes.prometheus.type", ("type", type)))],
                };
            }
        );

    /// <summary>
    /// A value with how many requests were behind it. Without that it would count as much as one of a thousand requests, and is none.
    /// </summary>
    public static Sample Weighted(Sample sample, Sample weight) =>
        sample.Outcome is not SampleOutcome.Value ? sample
        : weight.Value >= 0 ? sample with { Weight = weight.Value }
        : Unweighted(sample, weight);

    /// <summary>The same for values over a time, each with the number of the same time.</summary>
    public static IReadOnlyList<Sample> Weighted(IReadOnlyList<Sample> samples, IReadOnlyList<Sample> weights)
    {
        var known = weights.GroupBy(w => w.At).ToDictionary(w => w.Key, w => w.First());
        var failed = weights.FirstOrDefault(w => w.Outcome is SampleOutcome.Error);
        return
        [
            .. samples.Select(s =>
                Weighted(
                    s,
                    known.GetValueOrDefault(s.At)
                        ?? failed
                        ?? Sample.NoData(s.Signal, s.At, Message.Of("probes.prometheus.empty"))
                )
            ),
        ];
    }

    private static Sample Unweighted(Sample sample, Sample weight)
    {
        var why = Message.Of(
            "probes.prometheus.no-weight",
            ("detail", weight.Value is null ? weight.Detail : Message.Of("probes.prometheus.negative-weight"))
        );
        return weight.Outcome is SampleOutcome.NoData
            ? Sample.NoData(sample.Signal, sample.At, why)
            : Sample.Error(sample.Signal, sample.At, why);
    }

    /// <summary>What is read of the data of an answer; an error of the signal where it is none.</summary>
    public static IReadOnlyList<Sample> Understand(
        string signal,
        DateTimeOffset at,
        HttpReply reply,
        Func<JsonElement, IReadOnlyList<Sample>> read
    )
    {
        try
        {
            using var json = JsonDocument.Parse(reply.Body);
            var answer = json.RootElement;
            return answer.GetProperty("status").GetString() is not "success" || reply.Status != Success
                ? [Sample.Error(signal, at, Refusal(answer, reply.Status))]
                : [.. read(answer.GetProperty("data")).Select(s => Warned(s, Warnings(answer)))];
        }
        catch (Exception e)
            when (e
                    is JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or FormatException
                        or IndexOutOfRangeException
                        or ArgumentOutOfRangeException
            )
        {
            return
            [
                Sample.Error(
                    signal,
                    at,
                    Message.Of(
                        "probes.prometheus.not-understood",
                        ("status", reply.Status),
                        ("begins", ProbeHttp.Beginning(reply.Body))
                    )
                ),
            ];
        }
    }

    private static Message Refusal(JsonElement answer, int status) =>
        Message.Of(
            "probes.prometheus.error",
            ("status", status),
            ("error", Short(answer.TryGetProperty("error", out var text) ? text.GetString() : null))
        );

    private static Sample Moment(string signal, DateTimeOffset at, JsonElement data)
    {
        var result = data.GetProperty("result");
        return data.GetProperty("resultType").GetString() switch
        {
            "scalar" => Value(signal, result),
            "vector" => Only(result) is { } series
                ? Value(signal, series.GetProperty("value"))
                : NotOne(signal, at, result),
            var type => Sample.Error(signal, at, Message.Of("probes.prometheus.type", ("type", type))),
        };
    }

    private static JsonElement? Only(JsonElement series) => series.GetArrayLength() == 1 ? series[0] : null;

    private static Sample NotOne(string signal, DateTimeOffset at, JsonElement series) =>
        series.GetArrayLength() == 0
            ? Sample.NoData(signal, at, Message.Of("probes.prometheus.empty"))
            : Sample.Error(
                signal,
                at,
                Message.Of(
                    "probes.prometheus.several-series",
                    ("count", series.GetArrayLength()),
                    ("first", Short(series[0].GetProperty("metric").GetRawText())),
                    ("second", Short(series[1].GetProperty("metric").GetRawText()))
                )
            );

    /// <summary>A pair of the time in seconds and the value as text.</summary>
    private static Sample Value(string signal, JsonElement pair)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Round(pair[0].GetDouble() * 1000));
        var text = pair[1].GetString() ?? "";
        return text is "NaN" or "+Inf" or "-Inf"
            ? Sample.NoData(signal, at, Message.Of("probes.not-a-number"))
            : Sample.Of(signal, at, double.Parse(text, CultureInfo.InvariantCulture));
    }

    /// <summary>A warning may be the very reason why there is nothing: it is told beside it.</summary>
    private static Sample Warned(Sample sample, Message? warnings) =>
        warnings is null ? sample
        : sample.Detail is { } detail
            ? sample with
            {
                Detail = Message.Of("probes.prometheus.and-warnings", ("detail", detail), ("warnings", warnings)),
            }
        : sample with { Detail = warnings };

    private static Message? Warnings(JsonElement answer) =>
        answer.TryGetProperty("warnings", out var warnings) && warnings.GetArrayLength() > 0
            ? Message.Of(
                "probes.prometheus.warnings",
                ("warnings", Short(string.Join("; ", warnings.EnumerateArray().Select(w => w.GetString()))))
            )
            : null;

    private static string Short(string? text) => text is null ? "" : text[..Math.Min(text.Length, LongestText)];
}
