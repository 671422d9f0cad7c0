using Npgsql;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>While a swap is open, its program may have closed the database's name, superusers included: who is told that the run stopped is told how it opens.</summary>
internal static class ClosedName
{
    /// <summary>That it may be closed, what settles it, and what opens it at once; null where no swap is open.</summary>
    public static Message? Of(RunId run, RunState state, PostgresTarget target, TargetEnvironment environment) =>
        BesideFacts.OpenSwap(state) is { } plan ? Say(plan, run, target, environment) : null;

    /// <summary>The same of a name that let nobody in, which a failover may have left so though the swap was done; null where that is another matter.</summary>
    public static Message? Of(
        TidelockException refusal,
        RunId run,
        RunState state,
        PostgresTarget target,
        TargetEnvironment environment
    ) =>
        refusal.InnerException is PostgresException { SqlState: PostgresErrorCodes.ObjectNotInPrerequisiteState }
        && BesideFacts.LastSwap(state) is { } plan
            ? Say(plan, run, target, environment)
            : null;

    /// <summary>A finding, and with it the name that may be closed.</summary>
    public static Message With(
        Message finding,
        RunId run,
        RunState state,
        PostgresTarget target,
        TargetEnvironment environment
    ) =>
        Of(run, state, target, environment) is { } closed
            ? Message.Of("rollbacks.swap.besides", ("finding", finding), ("closed", closed))
            : finding;

    private static Message Say(SwapPlan plan, RunId run, PostgresTarget target, TargetEnvironment environment)
    {
        var name = Identifiers.Quote(plan.Name);
        var opening = Command(target.WithDatabase("postgres"), $"alter database {name} with allow_connections true");
        var closed = Message.Of(
            "rollbacks.swap.may-be-closed",
            ("name", plan.Name),
            ("run", run),
            ("command", "\n    " + opening)
        );
        return Console(environment) is { } console
            ? Message.Of(
                "rollbacks.swap.may-be-paused",
                ("closed", closed),
                ("command", "\n    " + Command(console, $"resume {name}"))
            )
            : closed;
    }

    /// <summary>The pooler that may have been told to hold back its clients; null where there is none, or none that could have been told.</summary>
    private static PostgresTarget? Console(TargetEnvironment environment)
    {
        try
        {
            return environment.PgBouncer.Length == 0 ? null : PgBouncerConsole.TargetOf(environment.PgBouncer);
        }
        catch (TidelockException)
        {
            return null;
        }
    }

    private static string Command(PostgresTarget target, string sql) =>
        ShellWords.Line(
            "psql",
            "-h",
            target.Host,
            "-p",
            target.Ports,
            "-U",
            target.User,
            "-d",
            target.Database,
            "-c",
            sql
        );
}
