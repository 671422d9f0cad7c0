using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>Drops the invalid indexes that a try left behind: those that were not there before it.</summary>
internal sealed class StatementLeftovers(
    PostgresSession session,
    StatementKind kind,
    LockBudget budget,
    Action<Message> progress,
    TimeProvider time
)
{
    /// <param name="before">What was there before the try.</param>
    /// <returns>What was dropped, and why something is still there.</returns>
    public async Task<(IReadOnlyList<string> Dropped, Message? Problem)> DropAsync(
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var left = await kind.LeftoversAsync(session, before, cancellation).ConfigureAwait(false);
        if (left.Count == 0)
        {
            return ([], null);
        }

        await session.ExecuteAsync("set lock_timeout = 0", cancellation).ConfigureAwait(false);
        await using var watch = new LockWatch(
            session.Target,
            session.ApplicationName,
            WatchedBackends.Of(session),
            budget.Total,
            time
        );
        foreach (var index in left)
        {
            progress(Message.Of("migrations.statements.drops", ("index", index)));
            if (await DropAsync(watch, index, cancellation).ConfigureAwait(false) is { } reason)
            {
                return ([], Message.Of("migrations.statements.not-dropped", ("index", index), ("reason", reason)));
            }
        }

        return (left, null);
    }

    private async Task<string?> DropAsync(LockWatch watch, string index, CancellationToken cancellation)
    {
        try
        {
            await watch
                .OverAsync(
                    async () =>
                    {
                        await session
                            .ExecuteOneAsync($"drop index concurrently if exists {index}", cancellation)
                            .ConfigureAwait(false);
                        return true;
                    },
                    cancellation
                )
                .ConfigureAwait(false);
            return null;
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return AuthorsSql.Reason(e);
        }
    }
}
