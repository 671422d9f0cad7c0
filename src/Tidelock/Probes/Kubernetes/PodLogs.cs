using System.Globalization;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>The lines that a workload's pods log, counted for each signal as they come; pods come and go.</summary>
internal sealed class PodLogs(IReadOnlyList<KubernetesProbeOptions> signals, ChildProgram kubectl, TimeProvider time)
    : IAsyncDisposable
{
    private readonly Dictionary<string, LogFollower> followers = new(StringComparer.Ordinal);
    private readonly HashSet<string> gone = new(StringComparer.Ordinal);
    private readonly long[] counts = new long[signals.Count];
    private readonly TimeSpan since = signals.Count == 0 ? TimeSpan.Zero : signals.Max(s => s.Since);
    private long? countedAt;
    private bool hasCounted;

    /// <summary>
    /// Follows the pods there are now. The lines of each signal since the last look and in how many seconds; null at the first look, and
    /// a problem while a pod cannot be followed, whose lines then count in the next look that can.
    /// </summary>
    public async Task<(IReadOnlyList<long>? Lines, double Seconds, Message? Problem)> LookAsync(
        IReadOnlyList<KubernetesPod> pods
    )
    {
        var problem = await FollowAsync(pods).ConfigureAwait(false);
        if (problem is not null)
        {
            countedAt ??= time.GetTimestamp();
            return (null, 0, problem);
        }

        var now = time.GetTimestamp();
        var elapsed = countedAt is { } last ? time.GetElapsedTime(last, now) : TimeSpan.Zero;
        var isFirst = countedAt is null;
        countedAt = now;
        if (isFirst)
        {
            return (null, 0, null);
        }

        var seconds = (elapsed + (hasCounted ? TimeSpan.Zero : since)).TotalSeconds;
        hasCounted = true;
        return (counts.Select((_, i) => Interlocked.Exchange(ref counts[i], 0)).ToList(), seconds, null);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(followers.Values.Select(f => f.DisposeAsync().AsTask())).ConfigureAwait(false);
        followers.Clear();
    }

    private async Task<Message?> FollowAsync(IReadOnlyList<KubernetesPod> pods)
    {
        Message? problem = null;
        foreach (var pod in pods.Where(p => p.HasLog))
        {
            if (!followers.TryGetValue(pod.Id, out var follower))
            {
                followers[pod.Id] = new LogFollower(kubectl, pod.Name, Beginning, Count, time);
            }
            else if (pod.Runs || !follower.HasEnded)
            {
                problem ??= await follower.KeepAsync().ConfigureAwait(false);
            }
        }

        await LeaveAsync(pods).ConfigureAwait(false);
        return problem;
    }

    /// <summary>A pod that has gone is followed for one look more: its last lines may still be on their way.</summary>
    private async Task LeaveAsync(IReadOnlyList<KubernetesPod> pods)
    {
        foreach (var id in followers.Keys.Except(pods.Select(p => p.Id), StringComparer.Ordinal).ToList())
        {
            if (!gone.Add(id))
            {
                await followers[id].DisposeAsync().ConfigureAwait(false);
                followers.Remove(id);
                gone.Remove(id);
            }
        }
    }

    /// <summary>A pod that was there before us is followed from now on, or from as far back as the author says; a newer one is new.</summary>
    private IReadOnlyList<string> Beginning =>
        countedAt is not null ? []
        : since > TimeSpan.Zero ? [string.Create(CultureInfo.InvariantCulture, $"--since={since.TotalSeconds:0}s")]
        : ["--tail=0"];

    private void Count(string container, string line)
    {
        for (var i = 0; i < signals.Count; i++)
        {
            if (signals[i].Lines!.Counts(container, line))
            {
                Interlocked.Increment(ref counts[i]);
            }
        }
    }
}
