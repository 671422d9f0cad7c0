using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>The lines that a workload's pods log, counted for each signal as they come; pods come and go, and containers start again.</summary>
internal sealed class PodLogs : IAsyncDisposable
{
    private readonly Dictionary<ContainerLife, LogFollower> followers = [];
    private readonly HashSet<ContainerLife> gone = [];
    private readonly SemaphoreSlim one = new(1, 1);
    private readonly IReadOnlyList<KubernetesProbeOptions> signals;
    private readonly ChildProgram kubectl;
    private readonly TimeProvider time;
    private readonly List<LineRate> rates;
    private readonly TimeSpan since;
    private bool hasLooked;
    private bool isOver;

    public PodLogs(IReadOnlyList<KubernetesProbeOptions> signals, ChildProgram kubectl, TimeProvider time)
    {
        (this.signals, this.kubectl, this.time) = (signals, kubectl, time);
        since = signals.Select(s => s.Since).DefaultIfEmpty().Max();
        rates = [.. signals.Select(s => new LineRate(s.Lines!, since, time))];
    }

    /// <summary>
    /// Follows the containers there are now. Lines per second of each signal since they were told last; null for all at the first look and
    /// while a log cannot be read, whose lines then count in the next look that can, and for none while a container is not seen.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The watch is over, and nothing is followed any more.</exception>
    public async Task<LogLook> LookAsync(IReadOnlyList<KubernetesPod> pods, CancellationToken cancellation)
    {
        await one.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(isOver, this);
            var (problem, unseen) = await FollowAsync(pods).ConfigureAwait(false);
            hasLooked = true;
            if (problem is not null)
            {
                rates.ForEach(r => r.Begin());
                return new LogLook([.. rates.Select(_ => (double?)null)], problem, unseen);
            }

            return new LogLook([.. rates.Select(r => r.Next(unseen is null))], null, unseen);
        }
        finally
        {
            one.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await one.WaitAsync().ConfigureAwait(false);
        isOver = true;
        await Task.WhenAll(followers.Values.Select(f => f.DisposeAsync().AsTask())).ConfigureAwait(false);
        followers.Clear();
        one.Release();
    }

    private async Task<(Message? Problem, Message? Unseen)> FollowAsync(IReadOnlyList<KubernetesPod> pods)
    {
        var (problem, unseen) = ((Message?)null, (Message?)null);
        var wanted = pods.Where(p => !p.IsOver).SelectMany(p => p.Containers).Where(IsWanted).ToList();
        foreach (var container in wanted)
        {
            unseen ??= container.Waits is { } reason ? Unseen("waits", container.Life, ("reason", reason)) : null;
            if (container.HasLog)
            {
                unseen ??= IsSkipped(container.Life) ? Unseen("skipped", container.Life) : null;
                problem = await FollowAsync(container).ConfigureAwait(false) ?? problem;
            }
        }

        var now = wanted.Select(c => c.Life).ToHashSet();
        foreach (var life in followers.Keys.Where(l => !now.Contains(l)).ToList())
        {
            problem = await LeaveAsync(life, now.Contains(life.After)).ConfigureAwait(false) ?? problem;
        }

        return (problem, unseen);
    }

    private async Task<Message?> FollowAsync(KubernetesContainer container)
    {
        var (life, state) = (container.Life, container.Runs ? LifeState.Runs : LifeState.Ended);
        if (followers.TryGetValue(life, out var known))
        {
            return await known.KeepAsync(state).ConfigureAwait(false);
        }

        Message? problem = null;
        if (hasLooked && life.Number > 0)
        {
            problem = await FinishAsync(life.Before).ConfigureAwait(false);
        }

        var after = followers.GetValueOrDefault(life.Before)?.Newest ?? default;
        followers[life] = Follower(life, state, after);
        return problem;
    }

    /// <summary>The end of a life that another has followed; all of it where it was so short that no look has met it.</summary>
    private async Task<Message?> FinishAsync(ContainerLife life)
    {
        if (followers.TryGetValue(life, out var known))
        {
            return await known.KeepAsync(LifeState.Replaced).ConfigureAwait(false);
        }

        followers[life] = Follower(life, LifeState.Replaced, default);
        return null;
    }

    /// <summary>
    /// A life that another has followed is read to its end, or not at all where that fails. A pod that has gone is followed for one look
    /// more: its last lines may still be on their way.
    /// </summary>
    private async Task<Message?> LeaveAsync(ContainerLife life, bool isBefore)
    {
        var follower = followers[life];
        var problem = isBefore ? await follower.KeepAsync(LifeState.Replaced).ConfigureAwait(false) : null;
        if (isBefore ? follower.IsDone || problem is not null : !gone.Add(life))
        {
            await follower.DisposeAsync().ConfigureAwait(false);
            followers.Remove(life);
            gone.Remove(life);
        }

        return problem;
    }

    /// <summary>A container that was there before us is followed from now on, or from as far back as the author says; a newer one is new.</summary>
    private LogFollower Follower(ContainerLife life, LifeState state, LogPlace after) =>
        new(kubectl, life, state, hasLooked ? null : since, after, Take, time);

    /// <summary>Whether a container has started more than once since the last look, so that the log of a life is lost.</summary>
    private bool IsSkipped(ContainerLife life) =>
        hasLooked
        && life.Number > 1
        && !followers.Keys.Any(l => l == life || l == life.Before || l == life.Before.Before);

    private bool IsWanted(KubernetesContainer container) =>
        signals.Any(s =>
            s.Lines!.Container is not { } only
            || string.Equals(only, container.Life.Container, StringComparison.Ordinal)
        );

    private void Take(string container, string line) => rates.ForEach(r => r.Take(container, line));

    private static Message Unseen(string why, ContainerLife life, params IEnumerable<(string, object?)> more) =>
        Message.Of($"probes.kubernetes.{why}", [("pod", life.Pod), ("container", life.Container), .. more]);
}

/// <summary>What one look at the logs has brought.</summary>
/// <param name="Rates">Lines per second by signal; null where that is not known.</param>
/// <param name="Problem">Why a log cannot be read.</param>
/// <param name="Unseen">Which container has no log now, or had one that nobody has seen.</param>
internal sealed record LogLook(IReadOnlyList<double?> Rates, Message? Problem, Message? Unseen);
