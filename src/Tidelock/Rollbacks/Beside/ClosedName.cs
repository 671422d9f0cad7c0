using Npgsql;
using Tidelock.Postgres;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>While a swap is open, its program may have closed the database's name, superusers included: who is told that the run stopped is told how it opens.</summary>
internal static class ClosedName
{
    /// <summary>That it may be closed, what settles it, and what opens it at once; null where no swap is open.</summary>
    public static Message? Of(RunId run, RunState state, PostgresTarget target) =>
        BesideFacts.OpenSwap(state) is { } plan ? Say(plan, run, target) : null;

    /// <summary>The same of a name that let nobody in, which a failover may have left so though the swap was done; null where that is another matter.</summary>
    public static Message? Of(TidelockException refusal, RunId run, RunState state, PostgresTarget target) =>
        refusal.InnerException is PostgresException { SqlState: PostgresErrorCodes.ObjectNotInPrerequisiteState }
        && BesideFacts.LastSwap(state) is { } plan
            ? Say(plan, run, target)
            : null;

    /// <summary>A finding, and with it the name that may be closed.</summary>
    public static Message With(Message finding, RunId run, RunState state, PostgresTarget target) =>
        Of(run, state, target) is { } closed
            ? Message.Of("rollbacks.swap.besides", ("finding", finding), ("closed", closed))
            : finding;

    private static Message Say(SwapPlan plan, RunId run, PostgresTarget target) =>
        Message.Of(
            "rollbacks.swap.may-be-closed",
            ("name", plan.Name),
            ("run", run),
            ("command", "\n    " + OpeningCommand(plan.Name, target))
        );

    private static string OpeningCommand(string name, PostgresTarget target) =>
        ShellWords.Line(
            "psql",
            "-h",
            target.Host,
            "-p",
            target.Ports,
            "-U",
            target.User,
            "-d",
            "postgres",
            "-c",
            $"alter database {Identifiers.Quote(name)} with allow_connections true"
        );
}
