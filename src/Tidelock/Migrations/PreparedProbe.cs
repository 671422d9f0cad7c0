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
        catch (PostgresException)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>What it means where the statement fails now; null where it works, or cannot be asked.</summary>
    public async Task<Message?> AskAsync(CancellationToken cancellation)
    {
        try
        {
            await session.ExecuteAsync("explain execute tidelock_probe", cancellation).ConfigureAwait(false);
            return null;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.FeatureNotSupported)
        {
            return Message.Of("migrations.prepared", ("relation", relation), ("reason", e.MessageText));
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    public ValueTask DisposeAsync() => session.DisposeAsync();
}
