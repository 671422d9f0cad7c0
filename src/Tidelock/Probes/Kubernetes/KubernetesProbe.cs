using System.Globalization;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>
/// Counts the lines that a workload's pods log, through the user's own kubectl. Each look asks for the time since the last one that
/// succeeded, by the nodes' clocks, and counts no line twice; so a look that failed loses none.
/// </summary>
internal sealed class KubernetesProbe(KubernetesProbeOptions options, ProbeContext context) : IProbe
{
    /// <summary>Lines come late, and kubectl asks in whole seconds.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(5);

    private readonly Dictionary<string, DateTimeOffset> counted = new(StringComparer.Ordinal);
    private long? looked;

    /// <summary>The user's kubectl, without arguments.</summary>
    internal ChildProgram Kubectl { get; init; } = new("kubectl");

    public IReadOnlyList<string> Signals => [options.Signal];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        [await OneAsync(cancellation).ConfigureAwait(false)];

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<Sample> OneAsync(CancellationToken cancellation)
    {
        var workload = KubernetesWorkload.Of(
            await AskAsync(["get", options.Resource, "--output", "json"], cancellation).ConfigureAwait(false)
        );
        if (workload.Pods == 0)
        {
            return Sample.NoData(
                options.Signal,
                context.Time.GetUtcNow(),
                Message.Of("probes.kubernetes.no-pod", ("resource", options.Resource), ("space", options.Namespace))
            );
        }

        var now = context.Time.GetTimestamp();
        var since = looked is { } last ? context.Time.GetElapsedTime(last, now) : context.Every;
        var log = await AskAsync(
                [
                    "logs",
                    "--selector",
                    workload.Selector,
                    "--all-containers",
                    "--prefix",
                    "--timestamps",
                    "--tail=-1",
                    "--max-log-requests=100",
                    string.Create(CultureInfo.InvariantCulture, $"--since={(long)(since + Overlap).TotalSeconds}s"),
                ],
                cancellation
            )
            .ConfigureAwait(false);
        var lines = Count(log);
        var first = looked is null;
        looked = now;
        var at = context.Time.GetUtcNow();
        return first
            ? Sample.NoData(options.Signal, at, Message.Of("probes.kubernetes.first-look"))
            : Sample.Of(options.Signal, at, lines / Math.Max(since.TotalSeconds, 0.001));
    }

    /// <summary>The new lines that contain the text; each begins with its pod and container and its time.</summary>
    private int Count(string log)
    {
        var newest = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var lines = 0;
        foreach (var line in log.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(' ', 3);
            if (
                parts.Length < 2
                || !DateTimeOffset.TryParse(
                    parts[1],
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.RoundtripKind,
                    out var at
                )
            )
            {
                throw new TidelockException(Message.Of("probes.kubernetes.not-understood"), ExitCode.NeedsPerson);
            }

            if (counted.TryGetValue(parts[0], out var last) && at <= last)
            {
                continue;
            }

            newest[parts[0]] = newest.TryGetValue(parts[0], out var other) && other > at ? other : at;
            if (parts.Length == 3 && parts[2].Contains(options.Contains, StringComparison.OrdinalIgnoreCase))
            {
                lines++;
            }
        }

        foreach (var (source, at) in newest)
        {
            counted[source] = at;
        }

        return lines;
    }

    private async Task<string> AskAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var asking = Kubectl with { Arguments = [.. arguments, "--namespace", options.Namespace] };
        var result = await asking.RunAsync(cancellation).ConfigureAwait(false);
        return result.ExitCode == 0
            ? result.Output
            : throw new TidelockException(
                Message.Of(
                    "probes.kubernetes.failed",
                    ("resource", options.Resource),
                    ("space", options.Namespace),
                    ("reason", result.Errors.Trim())
                ),
                ExitCode.NeedsPerson
            );
    }
}
