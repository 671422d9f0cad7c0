using System.Globalization;
using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Prometheus;

/// <summary>What a Prometheus server answered to an instant query, as a sample: one value, nothing, or an error.</summary>
internal static class PrometheusAnswer
{
    private const int Success = 200;
    private const int LongestText = 300;

    public static Sample Read(string signal, DateTimeOffset now, int status, byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return Read(signal, now, status, json.RootElement);
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
            return Sample.Error(signal, now, Message.Of("probes.prometheus.not-understood", ("status", status)));
        }
    }

    private static Sample Read(string signal, DateTimeOffset now, int status, JsonElement answer)
    {
        if (answer.GetProperty("status").GetString() is not "success" || status != Success)
        {
            var error = answer.TryGetProperty("error", out var text) ? text.GetString() : null;
            return Sample.Error(
                signal,
                now,
                Message.Of("probes.prometheus.error", ("status", status), ("error", Short(error)))
            );
        }

        var data = answer.GetProperty("data");
        var result = data.GetProperty("result");
        var sample = data.GetProperty("resultType").GetString() switch
        {
            "scalar" => Value(signal, result),
            "vector" => Vector(signal, now, result),
            var type => Sample.Error(signal, now, Message.Of("probes.prometheus.type", ("type", type))),
        };
        return sample.Detail is null ? sample with { Detail = Warnings(answer) } : sample;
    }

    private static Sample Vector(string signal, DateTimeOffset now, JsonElement series) =>
        series.GetArrayLength() switch
        {
            0 => Sample.NoData(signal, now, Message.Of("probes.prometheus.empty")),
            1 => Value(signal, series[0].GetProperty("value")),
            var count => Sample.Error(
                signal,
                now,
                Message.Of(
                    "probes.prometheus.several-series",
                    ("count", count),
                    ("first", Short(series[0].GetProperty("metric").GetRawText())),
                    ("second", Short(series[1].GetProperty("metric").GetRawText()))
                )
            ),
        };

    /// <summary>A pair of the time in seconds and the value as text.</summary>
    private static Sample Value(string signal, JsonElement pair)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Round(pair[0].GetDouble() * 1000));
        var text = pair[1].GetString() ?? "";
        return text is "NaN" or "+Inf" or "-Inf"
            ? Sample.NoData(signal, at, Message.Of("probes.not-a-number"))
            : Sample.Of(signal, at, double.Parse(text, CultureInfo.InvariantCulture));
    }

    private static Message? Warnings(JsonElement answer) =>
        answer.TryGetProperty("warnings", out var warnings) && warnings.GetArrayLength() > 0
            ? Message.Of(
                "probes.prometheus.warnings",
                ("warnings", Short(string.Join("; ", warnings.EnumerateArray().Select(w => w.GetString()))))
            )
            : null;

    private static string Short(string? text) => text is null ? "" : text[..Math.Min(text.Length, LongestText)];
}
