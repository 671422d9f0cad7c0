using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Tidelock.Probes.Datadog;

/// <summary>What Datadog is asked, with the keys in the headers.</summary>
internal static class DatadogRequest
{
    /// <summary>How long buckets are to be; Datadog makes them longer where the time is.</summary>
    private static readonly TimeSpan Bucket = TimeSpan.FromSeconds(20);

    /// <summary>Several queries that stand alone, by the API's first version.</summary>
    public static HttpRequestMessage Queries(
        ProbeHttp http,
        DatadogAccess access,
        IEnumerable<string> queries,
        DateTimeOffset from,
        DateTimeOffset to
    )
    {
        var query = Uri.EscapeDataString(string.Join(',', queries));
        var address = new UriBuilder(http.At("/api/v1/query"))
        {
            Query = string.Create(
                CultureInfo.InvariantCulture,
                $"from={from.ToUnixTimeSeconds()}&to={to.ToUnixTimeSeconds()}&query={query}"
            ),
        };
        return Keyed(new HttpRequestMessage(HttpMethod.Get, address.Uri), access);
    }

    /// <summary>Formulas over named queries, by its second version: they are numbered in its answer as they are here.</summary>
    public static HttpRequestMessage Formulas(
        ProbeHttp http,
        DatadogAccess access,
        IReadOnlyList<DatadogProbeOptions> formulas,
        DateTimeOffset from,
        DateTimeOffset to
    ) =>
        Keyed(
            new HttpRequestMessage(HttpMethod.Post, http.At("/api/v2/query/timeseries"))
            {
                Content = new ByteArrayContent(Body(formulas, from, to))
                {
                    Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
                },
            },
            access
        );

    private static byte[] Body(IReadOnlyList<DatadogProbeOptions> formulas, DateTimeOffset from, DateTimeOffset to)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteStartObject("data");
            json.WriteString("type", "timeseries_request");
            json.WriteStartObject("attributes");
            json.WriteNumber("from", from.ToUnixTimeMilliseconds());
            json.WriteNumber("to", to.ToUnixTimeMilliseconds());
            json.WriteNumber("interval", (long)Bucket.TotalMilliseconds);
            json.WriteStartArray("queries");
            foreach (var (index, probe) in formulas.Index())
            {
                WriteQueries(json, probe, index);
            }

            json.WriteEndArray();
            json.WriteStartArray("formulas");
            foreach (
                var formula in formulas.Index().SelectMany(p => p.Item.FormulasWith(name => Unique(name, p.Index)))
            )
            {
                json.WriteStartObject();
                json.WriteString("formula", formula);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return body.ToArray();
    }

    private static void WriteQueries(Utf8JsonWriter json, DatadogProbeOptions probe, int index)
    {
        foreach (var (name, query) in probe.Named!)
        {
            json.WriteStartObject();
            json.WriteString("data_source", "metrics");
            json.WriteString("name", Unique(name, index));
            json.WriteString("query", query);
            json.WriteEndObject();
        }
    }

    /// <summary>Two formulas may call different queries the same.</summary>
    private static string Unique(string name, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}_{index}");

    private static HttpRequestMessage Keyed(HttpRequestMessage request, DatadogAccess access)
    {
        request.Headers.Add("DD-API-KEY", access.ApiKey);
        request.Headers.Add("DD-APPLICATION-KEY", access.ApplicationKey);
        return request;
    }
}
