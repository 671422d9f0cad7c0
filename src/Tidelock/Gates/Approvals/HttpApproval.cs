using System.Text;
using Tidelock.Changes;
using Tidelock.Notifications;
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
        var api = new ApiHttp(Server, context.Time);
        using var request = Request(context);
        var reply = await api.AskAsync(request, cancellation).ConfigureAwait(false);
        var host = Server.Address.Host;
        return reply.Problem is { } problem
            ? new SourceFinding(
                false,
                Message.Of("gates.approval.ticket.failed", ("source", host), ("problem", problem))
            )
            : TicketAnswer.Judge(host, Encoding.UTF8.GetString(reply.Body), context);
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
