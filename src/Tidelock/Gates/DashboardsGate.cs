using Tidelock.Notifications.Grafana;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// G5: every dashboard is there, or a person says that they are open. Where Grafana's API may be asked, its dashboards must exist and their
/// data sources answer; any other address must answer over HTTP.
/// </summary>
internal sealed class DashboardsGate(HttpMessageInvoker http) : IGate
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public string Name => "dashboards";

    public GateLevel Level(GateOptions options) => options.Dashboards.Level;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var addresses = context.Options.Dashboards.Addresses;
        var looks = addresses.Select(a => LookAsync(a, context, cancellation)).ToList();
        var problems = (await Task.WhenAll(looks).ConfigureAwait(false)).OfType<Message>().ToList();
        if (addresses.Count > 0 && problems.Count == 0)
        {
            return new GateFinding(true, Reachable(context.Options.Dashboards));
        }

        return context.Confirmation(Name) is { } word
            ? new GateFinding(
                true,
                Message.Of("gates.confirmed", ("by", word.By), ("at", word.At), ("note", word.Note)),
                word.By
            )
            : new GateFinding(false, context.Unconfirmed(Name, Missing(problems)));
    }

    private static Message Reachable(DashboardsGateOptions options) =>
        Message.Of(
            options.Addresses.Any(a => UidOf(a, options) is not null)
                ? "gates.dashboards.alive"
                : "gates.dashboards.reachable",
            ("count", options.Addresses.Count)
        );

    private static Message Missing(IReadOnlyList<Message> problems) =>
        problems.Count == 0
            ? Message.Of("gates.dashboards.none")
            : Message.Of("gates.dashboards.unreachable", ("problems", Several.Of(problems)));

    private static string? UidOf(Uri address, DashboardsGateOptions options) =>
        options.Grafana is { } grafana ? GrafanaHealth.DashboardAt(address, grafana) : null;

    /// <summary>What is wrong with a dashboard; null for nothing.</summary>
    private async Task<Message?> LookAsync(Uri address, GateContext context, CancellationToken cancellation)
    {
        var options = context.Options.Dashboards;
        var problem = UidOf(address, options) is { } uid
            ? await AskAsync(options.Grafana!, uid, context.Time, cancellation).ConfigureAwait(false)
            : await ReachAsync(address, context.Time, cancellation).ConfigureAwait(false);
        return problem is null
            ? null
            : Message.Of("gates.dashboards.problem", ("dashboard", address.Host), ("problem", problem));
    }

    private static async Task<Message?> AskAsync(
        HttpAccess access,
        string uid,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var grafana = new GrafanaHealth(access, time);
        return await grafana.ProblemAsync(uid, cancellation).ConfigureAwait(false);
    }

    private async Task<Message?> ReachAsync(Uri address, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using var response = await http.SendAsync(request, either.Token).ConfigureAwait(false);
            return (int)response.StatusCode < 400
                ? null
                : Message.Of("probes.http.status", ("status", (int)response.StatusCode));
        }
        catch (HttpRequestException e)
        {
            return ProbeFailure.Of(e);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Message.Of("probes.too-late", ("timeout", Limit));
        }
    }
}
