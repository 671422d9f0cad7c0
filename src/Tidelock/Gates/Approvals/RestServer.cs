using System.Net;
using System.Text;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>A server that is asked about an approval: once, within a limit, no redirect followed, no more read than an answer can need.</summary>
internal static class RestServer
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>The body of a good answer, or what is wrong.</summary>
    public static async Task<(string? Body, Message? Problem)> GetAsync(
        HttpAccess access,
        Func<HttpRequestMessage> request,
        GateContext context,
        CancellationToken cancellation
    )
    {
        using var deadline = new CancellationTokenSource(Limit, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        using var handler = ProbeHttp.NewHandler();
        using var http = new ProbeHttp(
            access,
            new ProbeContext(context.Target, "tidelock/approval", Limit, context.Time, handler)
        );
        try
        {
            var reply = await http.AskAsync(request, either.Token).ConfigureAwait(false);
            return reply.Status == (int)HttpStatusCode.OK
                ? (Encoding.UTF8.GetString(reply.Body), null)
                : (
                    null,
                    Message.Of(
                        "gates.approval.server.status",
                        ("status", reply.Status),
                        ("answer", ProbeHttp.Beginning(reply.Body))
                    )
                );
        }
        catch (HttpRequestException e)
        {
            return (null, Message.Of("gates.approval.server.unreachable", ("reason", e.Message)));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return (null, Message.Of("gates.approval.ticket.slow", ("limit", Limit)));
        }
        catch (TidelockException e)
        {
            return (null, e.Problem);
        }
    }
}
