using System.Globalization;
using System.Text;

namespace SeedtestApi;

/// <summary>Counts requests and their durations, and writes them in Prometheus' text format.</summary>
internal sealed class RequestMetrics
{
    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly Lock gate = new();
    private readonly SortedDictionary<int, long> byCode = new() { [200] = 0, [500] = 0 };
    private readonly long[] byBucket = new long[Bounds.Length + 1];
    private double seconds;

    public void Count(int code, TimeSpan took)
    {
        var bucket = Array.FindIndex(Bounds, bound => took.TotalSeconds <= bound);
        lock (gate)
        {
            byCode[code] = byCode.GetValueOrDefault(code) + 1;
            byBucket[bucket < 0 ? Bounds.Length : bucket]++;
            seconds += took.TotalSeconds;
        }
    }

    public string Write()
    {
        lock (gate)
        {
            var text = new StringBuilder("# TYPE http_requests_total counter\n");
            foreach (var (code, count) in byCode)
            {
                Line(text, $"http_requests_total{{code=\"{code}\"}} {count}");
            }
            text.Append("# TYPE http_request_duration_seconds histogram\n");
            long below = 0;
            for (var i = 0; i < Bounds.Length; i++)
            {
                below += byBucket[i];
                Line(text, $"http_request_duration_seconds_bucket{{le=\"{Bounds[i]}\"}} {below}");
            }
            var all = below + byBucket[Bounds.Length];
            Line(text, $"http_request_duration_seconds_bucket{{le=\"+Inf\"}} {all}");
            Line(text, $"http_request_duration_seconds_sum {seconds}");
            Line(text, $"http_request_duration_seconds_count {all}");
            return text.ToString();
        }
    }

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
