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

        await session
            .ExecuteAsync("set lock_timeout = 0; set synchronous_commit = local", cancellation)
            .ConfigureAwait(false);
        await using var watch = new LockWatch(
            session.Target,
            session.ApplicationName,
            WatchedBackends.Of(session),
            budget.Total,
            time
        );
        var dropped = new List<string>();
        foreach (var id in left.Select(i => i.Id))
        {
            var still = await InvalidIndexes.OfAsync(session, [id], cancellation).ConfigureAwait(false);
            foreach (var index in still)
            {
                if (await ProblemAsync(watch, index, cancellation).ConfigureAwait(false) is { } problem)
                {
                    return ([], problem);
                }

                dropped.Add(index.Sql);
            }
        }

        return (dropped, null);
    }

    /// <summary>Why it was not dropped; null once it is. What somebody else may be building is left alone.</summary>
    private async Task<Message?> ProblemAsync(LockWatch watch, InvalidIndex index, CancellationToken cancellation)
    {
        if (index.Builders.Count > 0)
        {
            return Message.Of(
                "migrations.statements.being-built",
                ("index", index.Sql),
                ("processes", string.Join(", ", index.Builders))
            );
        }

        progress(Message.Of("migrations.statements.drops", ("index", index.Sql)));
        return await DropAsync(watch, index.Sql, cancellation).ConfigureAwait(false) is { } reason
            ? Message.Of("migrations.statements.not-dropped", ("index", index.Sql), ("reason", reason))
            : null;
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
