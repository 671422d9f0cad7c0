using System.Globalization;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>
/// Follows the logs of one pod's containers with one kubectl for as long as that lives, and goes on where it ended: no line is counted twice
/// and none is left out.
/// </summary>
internal sealed class LogFollower : IAsyncDisposable
{
    private const int LongestLine = 16 * 1024;

    /// <summary>So that a kubectl whose parent was killed does not follow for ever.</summary>
    private const string LongestStream = "--request-timeout=15m";

    private readonly ChildProgram kubectl;
    private readonly string pod;
    private readonly Action<string, string> onLine;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource over = new();
    private readonly Dictionary<string, DateTimeOffset> newest = new(StringComparer.Ordinal);
    private Dictionary<string, DateTimeOffset> before = new(StringComparer.Ordinal);
    private Task<Message?> stream;
    private long startedAt;
    private bool hasLived;

    /// <param name="kubectl">The user's kubectl, with whatever precedes the verb.</param>
    /// <param name="pod">The pod's name.</param>
    /// <param name="from">kubectl's words for where to begin; empty for the log's beginning.</param>
    /// <param name="onLine">Takes the container and the line; called one line at a time.</param>
    /// <param name="time">The clock.</param>
    public LogFollower(
        ChildProgram kubectl,
        string pod,
        IReadOnlyList<string> from,
        Action<string, string> onLine,
        TimeProvider time
    )
    {
        (this.kubectl, this.pod, this.onLine, this.time) = (kubectl, pod, onLine, time);
        stream = StartAsync(from);
    }

    public bool HasEnded => stream.IsCompleted;

    /// <summary>
    /// Goes on where the stream has ended. What is wrong when it ends again and again; null while it lives, and for the end of one that had
    /// lived: the next has what that one missed.
    /// </summary>
    public async Task<Message?> KeepAsync()
    {
        if (!stream.IsCompleted)
        {
            hasLived = true;
            return null;
        }

        var problem = await stream.ConfigureAwait(false);
        var wasFine = problem is null || hasLived;
        hasLived = false;
        stream = StartAsync(Resume());
        return wasFine ? null : problem;
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync().ConfigureAwait(false);
        await ((Task)stream).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        over.Dispose();
    }

    /// <summary>From the newest line on; where there was none, for as long as this one has followed, by the node's own clock.</summary>
    private string[] Resume()
    {
        lock (newest)
        {
            before = new Dictionary<string, DateTimeOffset>(newest, StringComparer.Ordinal);
        }

        var seconds = Math.Ceiling(time.GetElapsedTime(startedAt).TotalSeconds) + 1;
        return before.Count > 0
            ? [$"--since-time={before.Values.Min().UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"]
            : [string.Create(CultureInfo.InvariantCulture, $"--since={seconds:0}s")];
    }

    private async Task<Message?> StartAsync(IReadOnlyList<string> from)
    {
        startedAt = time.GetTimestamp();
        var following = kubectl with
        {
            Grace = TimeSpan.FromSeconds(1),
            Arguments =
            [
                .. kubectl.Arguments,
                "logs",
                pod,
                "--follow",
                "--all-containers",
                "--prefix",
                "--timestamps",
                "--max-log-requests=50",
                LongestStream,
                .. from,
            ],
        };
        var words = new BoundedText(LongestLine);
        try
        {
            var exit = await following
                .RunAsync(new BoundedLines(LongestLine, Take).FillAsync, words.FillAsync, over.Token)
                .ConfigureAwait(false);
            return exit == 0 ? null : Message.Of("probes.kubernetes.log", ("pod", pod), ("reason", words.Text.Trim()));
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is TidelockException or IOException)
        {
            return ProbeFailure.Of(e);
        }
    }

    /// <summary>A line begins with <c>[pod/NAME/CONTAINER]</c> and its time. What begins otherwise goes on with the line before.</summary>
    private void Take(string line)
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
            return;
        }

        var container = parts[0].Trim('[', ']').Split('/')[^1];
        lock (newest)
        {
            if (before.TryGetValue(container, out var seen) && at <= seen)
            {
                return;
            }

            newest[container] = newest.TryGetValue(container, out var last) && last > at ? last : at;
        }

        onLine(container, parts.Length == 3 ? parts[2] : "");
    }
}
