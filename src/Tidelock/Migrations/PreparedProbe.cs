using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// A session that prepared <c>select *</c> of the relation before the change, as an application's pool has: whether that still works
/// afterwards. Planned and never run; it holds no lock meanwhile.
/// </summary>
public sealed class PreparedProbe : IAsyncDisposable
{
    private readonly PostgresSession session;
    private readonly RelationName relation;

    private PreparedProbe(PostgresSession session, RelationName relation) =>
        (this.session, this.relation) = (session, relation);

    /// <summary>Prepares it; null where that is not possible, for example because there is no such relation yet.</summary>
    public static async Task<PreparedProbe?> PrepareAsync(
        PostgresSession session,
        RelationName relation,
        CancellationToken cancellation
    )
    {
        try
        {
            // Behind somebody else's lock it would only stand in the way.
            await session
                .ExecuteAsync(
                    "set lock_timeout = '50ms'; set statement_timeout = '5s'; "
                        + $"prepare tidelock_probe as {OwnStatement.Sign} select * from {relation.Sql}",
                    cancellation
                )
                .ConfigureAwait(false);
            return new PreparedProbe(session, relation);
        }
        catch (Exception e)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            if (e is PostgresException)
            {
                return null;
            }

            throw;
        }
    }

    /// <summary>Whether the statement still works; null where nobody can tell.</summary>
    /// <returns>With what it means where it fails now.</returns>
    public async Task<(bool? Works, Message? Finding)> AskAsync(CancellationToken cancellation)
    {
        try
        {
            await session.ExecuteAsync("explain execute tidelock_probe", cancellation).ConfigureAwait(false);
            return (true, null);
        }
        catch (PostgresException e) when (OutdatedPlan.Is(e))
        {
            return (false, Message.Of("migrations.prepared", ("relation", relation), ("reason", e.MessageText)));
        }
        catch (NpgsqlException)
        {
            return (null, null);
        }
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();
}
