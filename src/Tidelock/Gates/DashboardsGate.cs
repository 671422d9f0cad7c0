using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G5: every dashboard answers over HTTP, or a person says that they are open.</summary>
internal sealed class DashboardsGate(HttpMessageInvoker http) : IGate
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public string Name => "dashboards";

    public GateLevel Level(GateOptions options) => options.Dashboards.Level;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var addresses = context.Options.Dashboards.Addresses;
        var problems = new List<string>();
        foreach (var address in addresses)
        {
            if (await ProblemAsync(address, context.Time, cancellation).ConfigureAwait(false) is { } problem)
            {
                problems.Add($"{address.Host}: {problem}");
            }
        }

        if (addresses.Count > 0 && problems.Count == 0)
        {
            return new GateFinding(true, Message.Of("gates.dashboards.reachable", ("count", addresses.Count)));
        }

        return context.Confirmation(Name) is { } word
            ? new GateFinding(
                true,
                Message.Of("gates.confirmed", ("by", word.By), ("at", word.At), ("note", word.Note)),
                word.By
            )
            : new GateFinding(false, context.Unconfirmed(Name, Missing(problems)));
    }

    private static Message Missing(List<string> problems) =>
        problems.Count == 0
            ? Message.Of("gates.dashboards.none")
            : Message.Of("gates.dashboards.unreachable", ("problems", string.Join("; ", problems)));

    private async Task<string?> ProblemAsync(Uri address, TimeProvider time, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            using var response = await http.SendAsync(request, either.Token).ConfigureAwait(false);
            return (int)response.StatusCode < 400
                ? null
                : ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Durations.Short(Limit);
        }
    }
}
