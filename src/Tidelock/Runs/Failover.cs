using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>Tells whether a standby was promoted and serves the database a run began on.</summary>
internal static class Failover
{
    /// <summary>What is journaled before anything else is done on the new server; null where there was no failover.</summary>
    /// <param name="target">How the database is reached.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>.</param>
    /// <param name="state">The run.</param>
    /// <param name="again">The step that had passed and must look again.</param>
    /// <param name="cancellation">Ends the question.</param>
    /// <exception cref="TidelockException">
    /// <c>postgres.in-recovery</c>: nobody was promoted yet; <c>runs.other-branch</c>: the new timeline does not come from ours;
    /// <c>runs.branch-unseen</c>, <c>runs.branch-missing</c>: whether it does cannot be read.
    /// </exception>
    public static async Task<ServerFailedOver?> FindAsync(
        PostgresTarget target,
        string applicationName,
        RunState state,
        string? again,
        CancellationToken cancellation
    ) =>
        state.Identity is { } then
            ? await FindAsync(target, applicationName, state, then, again, cancellation).ConfigureAwait(false)
            : null;

    /// <summary>The same where the run knows of another database than the one that is to be there.</summary>
    public static async Task<ServerFailedOver?> FindAsync(
        PostgresTarget target,
        string applicationName,
        RunState state,
        ServerIdentity then,
        string? again,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession
            .OpenAsync(target, applicationName, cancellation)
            .ConfigureAwait(false);
        var now = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (now.InRecovery && now.IsSameDatabase(then))
        {
            throw new TidelockException(Message.Of("postgres.in-recovery", ("target", target)), ExitCode.NeedsPerson);
        }

        if (!now.HasTakenOverFrom(then))
        {
            return null;
        }

        var descends = await TimelineHistory
            .DescendsAsync(session, now.Timeline, Root(state, then), cancellation)
            .ConfigureAwait(false);
        return descends switch
        {
            true => new ServerFailedOver(now, Say("runs.failed-over", target, then, now), again),
            false => throw new TidelockException(Say("runs.other-branch", target, then, now), ExitCode.NeedsPerson),
            null => throw new TidelockException(
                await UnseenAsync(session, target, then, now, cancellation).ConfigureAwait(false),
                ExitCode.NeedsPerson
            ),
        };
    }

    /// <summary>
    /// From which timeline the new one must come. People who restore the server may do it again, each time from the one on which the run began:
    /// those of earlier tries are left then.
    /// </summary>
    private static int Root(RunState state, ServerIdentity then) =>
        state.Rollback is { Method: "recovery" } ? state.Started!.Identity.Timeline : then.Timeline;

    /// <summary>What to grant, or that there is nothing to read.</summary>
    private static async Task<Message> UnseenAsync(
        PostgresSession session,
        PostgresTarget target,
        ServerIdentity then,
        ServerIdentity now,
        CancellationToken cancellation
    ) =>
        Message.Of(
            await TimelineHistory.MayReadAsync(session, cancellation).ConfigureAwait(false)
                ? "runs.branch-missing"
                : "runs.branch-unseen",
            ("target", target),
            ("then", then.Timeline),
            ("now", now.Timeline),
            ("file", TimelineHistory.FileOf(now.Timeline)),
            ("function", TimelineHistory.Function),
            (
                "role",
                await session
                    .ScalarAsync<string>("select quote_ident(current_user)", cancellation)
                    .ConfigureAwait(false)
            )
        );

    /// <summary>Ends the epoch: only the next one may go on.</summary>
    public static TargetLostException Found(PostgresTarget target, ServerIdentity then, ServerIdentity now) =>
        new(Say("runs.failed-over", target, then, now));

    private static Message Say(string code, PostgresTarget target, ServerIdentity then, ServerIdentity now) =>
        Message.Of(code, ("target", target), ("then", then.Timeline), ("now", now.Timeline));
}
