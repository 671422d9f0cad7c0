using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// Somewhere else where people approve: a pull request, a ticket. Each one that is declared must say yes; what people say to Tidelock is
/// counted beside it. Asked at every look at the checklist, so asking changes nothing.
/// </summary>
public abstract record ApprovalSource
{
    /// <summary>What it says of this change. Whatever cannot be found out is not passed, with why; nothing is thrown.</summary>
    internal abstract Task<SourceFinding> AskAsync(GateContext context, CancellationToken cancellation);

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
}

/// <summary>What a source says.</summary>
internal sealed record SourceFinding(bool Passed, Message Finding);
