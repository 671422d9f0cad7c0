using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary><c>http: { address: "https://…", token: "${TOKEN}" }</c>: a server that answers a <see cref="TicketAnswer"/>.</summary>
/// <param name="Server">Whom to ask.</param>
internal sealed record HttpApproval(HttpAccess Server) : ApprovalSource
{
    public static HttpApproval? Read(ChangeNode node) =>
        HttpAccess.Read(node) is { } server ? new HttpApproval(server) : null;

    internal override async Task<SourceFinding> AskAsync(GateContext context, CancellationToken cancellation)
    {
        var (body, problem) = await RestServer
            .GetAsync(Server, () => Request(context), context, cancellation)
            .ConfigureAwait(false);
        var host = Server.Address.IsAbsoluteUri ? Server.Address.Host : Server.Address.ToString();
        return body is null
            ? new SourceFinding(
                false,
                Message.Of("gates.approval.ticket.failed", ("source", host), ("problem", problem))
            )
            : TicketAnswer.Judge(host, body, context);
    }

    private HttpRequestMessage Request(GateContext context)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Server.Address);
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Add("X-Tidelock-Change", context.Change.Name);
        request.Headers.Add("X-Tidelock-Digest", context.Change.Digest);
        request.Headers.Add("X-Tidelock-Environment", context.TargetEnvironment.Name);
        return request;
    }
}
