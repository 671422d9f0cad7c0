using System.Text;
using Tidelock.Changes;
using Tidelock.Notifications.Http;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary><c>http: { address: "https://…", token: "${TOKEN}" }</c>: a server that answers a <see cref="TicketAnswer"/>.</summary>
/// <param name="Server">Whom to ask.</param>
/// <param name="Login">The variables it is given.</param>
internal sealed record HttpApproval(HttpAccess Server, string Login) : ApprovalSource
{
    public static HttpApproval? Read(ChangeNode node) =>
        Held(HttpAccess.Read(node), node.IsMapping ? node["address"] : node) is { } server
            ? new HttpApproval(server, Named(node["user"], node["password"], node["token"]))
            : null;

    public override Message Asks =>
        Message.Of("gates.approval.asks.server", ("server", Server.Address.Host), ("variables", Login));

    internal override async Task<SourceFinding> AskAsync(
        GateContext context,
        ApprovalGround ground,
        CancellationToken cancellation
    )
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
            : TicketAnswer.Judge(host, Encoding.UTF8.GetString(reply.Body), context, ground);
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
