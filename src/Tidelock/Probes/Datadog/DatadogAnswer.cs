using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Probes.Datadog;

/// <summary>What Datadog answered: series, or why there are none.</summary>
internal sealed record DatadogAnswer(IReadOnlyList<DatadogSeries> Series, Message? Problem = null)
{
    private const int Success = 200;
    private const int LongestText = 300;

    public static DatadogAnswer Read(HttpReply reply)
    {
        try
        {
            using var json = JsonDocument.Parse(reply.Body);
            return reply.Status == Success && Read(json.RootElement) is { } series
                ? new DatadogAnswer([.. series])
                : Failed(
                    Message.Of("probes.datadog.error", ("status", reply.Status), ("error", Error(json.RootElement)))
                );
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
            return Failed(
                Message.Of(
                    "probes.datadog.not-understood",
                    ("status", reply.Status),
                    ("begins", ProbeHttp.Beginning(reply.Body))
                )
            );
        }
    }

    /// <summary>The one series of a query; a sample that says why where there is not one.</summary>
    public DatadogSeries? Of(int query, string signal, DateTimeOffset at, out Sample? instead)
    {
        var own = Series.Where(s => s.Query == query).ToList();
        instead =
            Problem is { } problem ? Sample.Error(signal, at, problem)
            : own.Count == 0 ? Sample.NoData(signal, at, Message.Of("probes.datadog.empty"))
            : own.Count == 1 ? null
            : Sample.Error(
                signal,
                at,
                Message.Of(
                    "probes.datadog.several-series",
                    ("count", own.Count),
                    ("first", own[0].Scope),
                    ("second", own[1].Scope)
                )
            );
        return instead is null ? own[0] : null;
    }

    /// <summary>By either version of the API; null for an answer that has failed.</summary>
    private static IEnumerable<DatadogSeries>? Read(JsonElement answer) =>
        answer.TryGetProperty("data", out var data)
            ? Error(answer).Length > 0
                ? null
                : DatadogSeries.All(data.GetProperty("attributes"))
            : answer.GetProperty("status").GetString() is "ok"
                ? answer.GetProperty("series").EnumerateArray().Select(DatadogSeries.Of)
                : null;

    private static DatadogAnswer Failed(Message problem) => new([], problem);

    /// <summary><c>errors</c> of a refusal, one text or several; <c>error</c> of an answer that has failed.</summary>
    private static string Error(JsonElement answer)
    {
        var text = answer.TryGetProperty("errors", out var errors)
            ? errors.ValueKind is JsonValueKind.Array
                ? string.Join("; ", errors.EnumerateArray().Select(e => e.ToString()))
                : errors.ToString()
            : answer.TryGetProperty("error", out var error)
                ? error.ToString()
                : "";
        return text[..Math.Min(text.Length, LongestText)];
    }
}
