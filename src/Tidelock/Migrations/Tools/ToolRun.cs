using Npgsql;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Migrations.Tools;

/// <summary>
/// Runs a tool along a path until the database stands where it should, or stands where it stood and the lock budget is used up. What the
/// tool did is asked of its record each time.
/// </summary>
/// <param name="tool">The program.</param>
/// <param name="ground">Where.</param>
/// <param name="time">The clock.</param>
public sealed class ToolRun(IMigrationTool tool, ToolGround ground, TimeProvider time)
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BackendsGrace = TimeSpan.FromSeconds(20);

    /// <summary>How long the program may run; it is ended then, and its record asked.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Stores what is done about a session in the way, before and after; null: nothing is done, whatever the budget says.</summary>
    public Func<BlockerDeed, CancellationToken, Task>? Deed { get; init; }

    /// <param name="path">The way of the change.</param>
    /// <param name="direction">Which way it is gone.</param>
    /// <param name="started">Stores who the child is; it is ended when this fails.</param>
    /// <param name="progress">Told what it says and who is in the way.</param>
    /// <param name="cancellation">Interrupts the child; ask then what it had done.</param>
    public async Task<MigrationOutcome> RunAsync(
        ToolPath path,
        ToolDirection direction,
        Func<StartedChild, Task> started,
        Action<Message> progress,
        CancellationToken cancellation
    )
    {
        var start = time.GetTimestamp();
        await using var watch = new LockWatch(
            ground.Target,
            ground.RunName,
            WatchedBackends.Named(ground.ApplicationName),
            ground.Locks.Try,
            time
        );
        await using var acting = new BlockerActing(
            ground.Target,
            ground.RunName,
            ground.Locks.Blockers,
            Deed,
            progress,
            time
        );
        var waiting = new LockWaiting(ground.Locks, progress, time);
        var limit = ground.Locks.Try;
        for (var tries = 1; ; tries++)
        {
            watch.Budget = limit;
            var within = ground with { Locks = ground.Locks with { Try = limit } };
            var program = direction == ToolDirection.Up ? tool.Up(within, path) : tool.Down(within, path);
            var result = await watch
                .OverAsync(() => RunAsync(program, started, cancellation), cancellation)
                .ConfigureAwait(false);
            var fate = await FateAsync(path, direction, result, cancellation).ConfigureAwait(false);
            if (fate is MigrationOutcome.Applied)
            {
                return Applied(path, direction, tries, watch.Waited, time.GetElapsedTime(start));
            }

            if (fate is not MigrationOutcome.Failed || !watch.HasWaited || IsKilled(result))
            {
                return fate;
            }

            waiting.Meet(watch.Blockers);
            if (await NextTryAsync(waiting, acting, tries, cancellation).ConfigureAwait(false) is not { } next)
            {
                return waiting.NotGranted(tries);
            }

            limit = next;
        }
    }

    private async Task<TimeSpan?> NextTryAsync(
        LockWaiting waiting,
        BlockerActing acting,
        int tries,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(ground.Target, ground.RunName, cancellation)
            .ConfigureAwait(false);
        return await waiting.NextTryAsync(session, acting, tries, cancellation).ConfigureAwait(false);
    }

    /// <summary>What the tool's record says became of a path; a result of null is one that nobody saw the end of.</summary>
    public async Task<MigrationOutcome> FateAsync(
        ToolPath path,
        ToolDirection direction,
        ProgramResult? result,
        CancellationToken cancellation
    )
    {
        var (from, to) = direction == ToolDirection.Up ? (path.From, path.To) : (path.To, path.BackTo);
        var standing = await tool.AskAsync(ground, cancellation).ConfigureAwait(false);
        if (standing.Refusal is not null)
        {
            // It has run, or may have: that it does not answer now says nothing about what it did.
            return new MigrationOutcome.Unknown(to, standing.Refusal);
        }

        if (standing.Revision == to)
        {
            return Applied(path, direction, 1, TimeSpan.Zero, TimeSpan.Zero);
        }

        if (standing.Revision != from)
        {
            return new MigrationOutcome.Halfway(
                Message.Of(
                    "migrations.tool.halfway",
                    ("tool", tool.Name),
                    ("from", Shown(from)),
                    ("to", Shown(to)),
                    ("at", Shown(standing.Revision)),
                    ("words", result is null ? "-" : ToolGround.LastWords(result))
                )
            );
        }

        return new MigrationOutcome.Failed(
            "",
            result switch
            {
                null => Message.Of("migrations.tool.nothing-done", ("tool", tool.Name), ("at", Shown(from))),
                { Succeeded: true } => Message.Of(
                    "migrations.tool.no-effect",
                    ("tool", tool.Name),
                    ("at", Shown(from)),
                    ("to", Shown(to))
                ),
                _ => Message.Of(
                    "migrations.tool.failed",
                    ("tool", tool.Name),
                    ("exit", result.ExitCode),
                    ("at", Shown(from)),
                    ("words", ToolGround.LastWords(result))
                ),
            }
        );
    }

    /// <summary>
    /// One that does not end by itself is ended. The backends of one that failed may outlive it, and commit after its record was asked:
    /// they are ended too.
    /// </summary>
    private async Task<ProgramResult?> RunAsync(
        ChildProgram program,
        Func<StartedChild, Task> started,
        CancellationToken cancellation
    )
    {
        var result = await (program with { OnStarted = started, Grace = Grace })
            .RunWithinAsync(Limit, time, cancellation)
            .ConfigureAwait(false);
        if (result is not { Succeeded: true })
        {
            await EndBackendsAsync(cancellation).ConfigureAwait(false);
        }

        return result;
    }

    /// <summary>By SIGINT, SIGKILL or SIGTERM: not for the locks it waited for. A .NET program that fails aborts itself (134).</summary>
    private static bool IsKilled(ProgramResult? result) => result is { ExitCode: 130 or 137 or 143 };

    private async Task EndBackendsAsync(CancellationToken cancellation)
    {
        await using var session = await PostgresSession
            .OpenAsync(ground.Target, ground.RunName, cancellation)
            .ConfigureAwait(false);
        var start = time.GetTimestamp();
        while (await AreThereAsync(session, cancellation).ConfigureAwait(false))
        {
            if (time.GetElapsedTime(start) > BackendsGrace)
            {
                throw new TidelockException(
                    Message.Of("migrations.tool.still-there", ("tool", tool.Name), ("limit", BackendsGrace)),
                    ExitCode.NeedsPerson
                );
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Asks them to end, and whether there were any.</summary>
    private async Task<bool> AreThereAsync(PostgresSession session, CancellationToken cancellation)
    {
        try
        {
            return await AreThereAsync(session, "pg_terminate_backend(pid)", cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // It logged in as somebody else: then they are only waited for.
            return await AreThereAsync(session, "true", cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> AreThereAsync(PostgresSession session, string each, CancellationToken cancellation) =>
        (
            await session
                .QueryAsync(
                    $"""
                    select {each} from pg_stat_activity
                    where application_name = $1 and datname = current_database()
                    """,
                    r => r.GetBoolean(0),
                    cancellation,
                    new NpgsqlParameter { Value = ground.ApplicationName }
                )
                .ConfigureAwait(false)
        ).Count > 0;

    private MigrationOutcome.Applied Applied(
        ToolPath path,
        ToolDirection direction,
        int tries,
        TimeSpan waited,
        TimeSpan took
    )
    {
        var (from, to) = direction == ToolDirection.Up ? (path.From, path.To) : (path.To, path.BackTo);
        return new MigrationOutcome.Applied(
            "",
            tries,
            waited,
            took,
            Message.Of(
                "migrations.tool.applied",
                ("tool", tool.Name),
                ("from", Shown(from)),
                ("to", Shown(to)),
                ("tries", tries),
                ("took", took),
                ("wait", waited)
            )
        );
    }

    private static string Shown(string revision) => revision.Length == 0 ? "base" : revision;
}
