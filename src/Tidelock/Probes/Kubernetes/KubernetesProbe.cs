using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>All signals of one workload, through the user's own kubectl with its kubeconfig and login.</summary>
internal sealed class KubernetesProbe : IProbe
{
    private const int LargestAnswer = 16 * 1024 * 1024;
    private const int LongestWords = 2048;

    /// <summary>Less than the patience of a tick.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan SelectorLives = TimeSpan.FromMinutes(1);

    private readonly IReadOnlyList<KubernetesProbeOptions> signals;
    private readonly List<KubernetesProbeOptions> lines;
    private readonly ProbeContext context;
    private readonly WorkloadName name;
    private readonly ChildProgram kubectl;
    private readonly PodLogs logs;
    private readonly RestartRate restarts;
    private KubernetesWorkload? workload;
    private long workloadAt;

    public KubernetesProbe(
        IReadOnlyList<KubernetesProbeOptions> signals,
        ProbeContext context,
        ChildProgram? program = null
    )
    {
        (this.signals, this.context) = (signals, context);
        name = signals[0].Workload;
        kubectl = program ?? new ChildProgram("kubectl");
        kubectl = kubectl with { Arguments = [.. kubectl.Arguments, "--namespace", name.Namespace] };
        lines = [.. signals.Where(s => s.Measure is KubernetesMeasure.ErrorLines)];
        logs = new PodLogs(lines, kubectl, context.Time);
        restarts = new RestartRate(context.Time);
    }

    public IReadOnlyList<string> Signals => [.. signals.Select(s => s.Signal)];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var known = await WorkloadAsync(cancellation).ConfigureAwait(false);
        var pods = AsksForPods ? await PodsAsync(known, cancellation).ConfigureAwait(false) : [];
        var look =
            lines.Count > 0 && pods.Count > 0 ? await logs.LookAsync(pods, cancellation).ConfigureAwait(false) : null;
        var rate = AsksForPods && pods.Count > 0 ? restarts.Next(pods) : null;
        var now = context.Time.GetUtcNow();
        return
        [
            .. signals.Select(s =>
                s.Measure switch
                {
                    KubernetesMeasure.Unavailable => Sample.Of(s.Signal, now, known.Unavailable),
                    KubernetesMeasure.Rollout => Sample.Of(s.Signal, now, known.IsRolledOut ? 1 : 0),
                    KubernetesMeasure.ErrorLines or KubernetesMeasure.Restarts when pods.Count == 0 => Sample.NoData(
                        s.Signal,
                        now,
                        Message.Of("probes.kubernetes.no-pod", ("resource", name.Resource), ("space", name.Namespace))
                    ),
                    KubernetesMeasure.Restarts => Rate(s.Signal, rate, now),
                    KubernetesMeasure.ErrorLines => Lines(s, look!, now),
                }
            ),
        ];
    }

    public ValueTask DisposeAsync() => logs.DisposeAsync();

    private bool AsksForPods =>
        signals.Any(s => s.Measure is KubernetesMeasure.ErrorLines or KubernetesMeasure.Restarts);

    private Sample Lines(KubernetesProbeOptions signal, LogLook look, DateTimeOffset now) =>
        look.Problem is { } problem ? Sample.Error(signal.Signal, now, problem)
        : look.Rates[lines.IndexOf(signal)] is { } rate
            ? Sample.Of(signal.Signal, now, rate) with
            {
                Detail = look.Unseen,
            }
        : Sample.NoData(signal.Signal, now, look.Unseen ?? Message.Of("probes.kubernetes.first-look"));

    private static Sample Rate(string signal, double? rate, DateTimeOffset now) =>
        rate is { } value
            ? Sample.Of(signal, now, value)
            : Sample.NoData(signal, now, Message.Of("probes.kubernetes.first-look"));

    /// <summary>Whose pods are its own changes seldom, and is asked again only now and then where nothing else of it is needed.</summary>
    private async Task<KubernetesWorkload> WorkloadAsync(CancellationToken cancellation)
    {
        if (
            workload is { } known
            && signals.All(s => s.Measure is KubernetesMeasure.ErrorLines or KubernetesMeasure.Restarts)
            && context.Time.GetElapsedTime(workloadAt) < SelectorLives
        )
        {
            return known;
        }

        var json = await AskAsync(["get", name.Resource, "--output", "json"], cancellation).ConfigureAwait(false);
        workload = KubernetesWorkload.Of(json);
        workloadAt = context.Time.GetTimestamp();
        return workload;
    }

    private async Task<IReadOnlyList<KubernetesPod>> PodsAsync(KubernetesWorkload of, CancellationToken cancellation) =>
        KubernetesPod.ListOf(
            await AskAsync(["get", "pods", "--selector", of.Selector, "--output", "json"], cancellation)
                .ConfigureAwait(false)
        );

    /// <summary>What kubectl says; where it fails, what it says the second time.</summary>
    private async Task<string> AskAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        try
        {
            return await AskOnceAsync(arguments, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException) when (!cancellation.IsCancellationRequested)
        {
            return await AskOnceAsync(arguments, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<string> AskOnceAsync(IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var asking = kubectl with { Arguments = [.. kubectl.Arguments, .. arguments], Grace = Grace };
        var (output, errors) = (new BoundedText(LargestAnswer), new BoundedText(LongestWords));
        var exit = await asking.RunAsync(output.FillAsync, errors.FillAsync, cancellation).ConfigureAwait(false);
        return exit == 0
            ? output.Text
            : throw new TidelockException(
                Message.Of(
                    "probes.kubernetes.failed",
                    ("resource", name.Resource),
                    ("space", name.Namespace),
                    ("reason", errors.Text.Trim())
                ),
                ExitCode.NeedsPerson
            );
    }
}
