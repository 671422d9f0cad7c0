using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// Somewhere else where people approve: a pull request, a ticket. Each one that is declared must say yes; what people say to Tidelock is
/// counted beside it. Asked at every look at the checklist, so asking changes nothing.
/// </summary>
public abstract record ApprovalSource
{
    /// <summary>How many people must approve there.</summary>
    internal virtual int Required => 1;

    /// <summary>Whom it asks and which variables of whoever asks go there: for those who read a change before anybody has approved it.</summary>
    public abstract Message Asks { get; }

    /// <summary>What it says of this change. Whatever cannot be found out is not passed, with why; nothing is thrown.</summary>
    /// <param name="context">What is to be deployed.</param>
    /// <param name="ground">Who wrote it and who runs it.</param>
    /// <param name="cancellation">The caller's.</param>
    internal abstract Task<SourceFinding> AskAsync(
        GateContext context,
        ApprovalGround ground,
        CancellationToken cancellation
    );

    /// <summary>Who wrote the change, as far as it knows that of these very files; empty where it does not, or does not answer. Nothing is thrown.</summary>
    internal virtual Task<IReadOnlyList<string>> AuthorsAsync(
        Change change,
        TimeProvider time,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<string>>([]);

    internal static IReadOnlyList<ApprovalSource> ReadAll(ChangeNode settings)
    {
        var all = new List<ApprovalSource>();
        if (settings["github"] is { Exists: true } github && GitHubApproval.Read(github) is { } pull)
        {
            all.Add(pull);
        }

        if (settings["command"] is { Exists: true } command && CommandApproval.Read(command) is { } program)
        {
            all.Add(program);
        }

        if (settings["http"] is { Exists: true } http && HttpApproval.Read(http) is { } server)
        {
            all.Add(server);
        }

        return all;
    }

    /// <summary>Whose word counts is a rule and stands in the file that is approved; a secret goes to nobody in the open.</summary>
    private protected static HttpAccess? Held(HttpAccess? server, ChangeNode address)
    {
        if (address.Scalar?.Text.Contains("${", StringComparison.Ordinal) == true)
        {
            address.Mistake(Message.Of("gates.approval.written-out", ("key", address.Key)));
            return null;
        }

        if (
            server is { Address: { IsAbsoluteUri: true, Scheme: "http", IsLoopback: false } open }
            && (server.Token ?? server.Password) is not null
        )
        {
            address.Mistake(Message.Of("gates.approval.open-secret", ("address", open)));
        }

        return server;
    }

    /// <summary>The names of the variables that a login is made of.</summary>
    private protected static string Named(params ReadOnlySpan<ChangeNode> login)
    {
        var names = new List<string>();
        foreach (var node in login)
        {
            if (node.Scalar?.Text is { } text)
            {
                names.Add(text);
            }
        }

        return names.Count == 0 ? "-" : string.Join(", ", names);
    }
}

/// <summary>What a source says.</summary>
internal sealed record SourceFinding(bool Passed, Message Finding);
