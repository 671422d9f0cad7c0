using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// <c>locks.blockers</c>: what is done about sessions that hold the locks. Only those that were named, and only once their transaction
/// is old enough.
/// </summary>
/// <param name="Act">What is done.</param>
/// <param name="After">How old the transaction must be.</param>
/// <param name="Roles">Whose sessions: superusers too where they are named here.</param>
/// <param name="Applications">Or which applications', as they call themselves; never a superuser's or a replication role's.</param>
public sealed record BlockerPolicy(
    BlockerAct Act,
    TimeSpan After,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> Applications
)
{
    private static readonly TimeSpan Standard = TimeSpan.FromSeconds(30);

    public static BlockerPolicy Wait { get; } = new(BlockerAct.Wait, TimeSpan.Zero, [], []);

    /// <summary>For people; null where nobody is acted against.</summary>
    public Message? Text =>
        Act switch
        {
            BlockerAct.Wait => null,
            BlockerAct.Cancel => Says("migrations.blockers.cancel"),
            BlockerAct.Terminate => Says("migrations.blockers.terminate"),
        };

    internal static BlockerPolicy Read(ChangeNode node)
    {
        if (!node.IsMapping)
        {
            var act = ReadAct(node, BlockerAct.Wait);
            if (act != BlockerAct.Wait)
            {
                node.Mistake(Nobody(node));
            }

            return Wait;
        }

        node.Only("act", "after", "roles", "applications");
        node["act"].Require();
        var policy = new BlockerPolicy(
            ReadAct(node["act"], BlockerAct.Wait),
            node["after"].Duration(Standard, TimeSpan.FromSeconds(1), TimeSpan.FromHours(24)),
            ReadNames(node["roles"]),
            ReadNames(node["applications"])
        );
        if (!node["roles"].Exists && !node["applications"].Exists)
        {
            node.Mistake(Nobody(node));
        }

        return policy;
    }

    /// <summary>Whether a session is one that was named. What it may be besides, the server is asked when it is acted against.</summary>
    internal bool Names(Blocker blocker) =>
        blocker.ProcessId > 0
        && (
            Roles.Contains(blocker.User, StringComparer.Ordinal)
            || Applications.Contains(blocker.Application, StringComparer.Ordinal)
        );

    private static BlockerAct ReadAct(ChangeNode node, BlockerAct fallback) =>
        node.Word(
            fallback,
            ("wait", BlockerAct.Wait),
            ("cancel", BlockerAct.Cancel),
            ("terminate", BlockerAct.Terminate)
        );

    private static IReadOnlyList<string> ReadNames(ChangeNode node)
    {
        if (!node.Exists)
        {
            return [];
        }

        var names = node.Items.Select(i => i.Text()).Where(n => n.Length > 0).ToList();
        if (node is { IsList: true, Items.Count: 0 })
        {
            node.Mistake(Message.Of("migrations.blockers.empty", ("key", node.Key)));
        }

        return names;
    }

    private static Message Nobody(ChangeNode node) => Message.Of("migrations.blockers.nobody", ("key", node.Key));

    private Message Says(string code) =>
        Message.Of(
            code,
            ("after", After),
            ("roles", Roles.Count == 0 ? "–" : string.Join(", ", Roles)),
            ("applications", Applications.Count == 0 ? "–" : string.Join(", ", Applications))
        );
}

/// <summary>What is done about a session that is in the way.</summary>
public enum BlockerAct
{
    Wait,

    /// <summary>Its query is cancelled; a transaction that is idle holds its locks all the same.</summary>
    Cancel,

    /// <summary>Its connection is ended.</summary>
    Terminate,
}
