using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// A session that prepared <c>select *</c> of relations before the change, as an application's pool has: whether that still works
/// afterwards. Planned and never run; it holds no lock meanwhile.
/// </summary>
public sealed class PreparedProbe : IAsyncDisposable
{
    private readonly PostgresSession session;
    private readonly List<RelationName> prepared = [];

    private PreparedProbe(PostgresSession session) => this.session = session;

    /// <summary>Prepares it for each; null where that is not possible for any, for example because there is no such relation yet.</summary>
    public static async Task<PreparedProbe?> PrepareAsync(
        PostgresSession session,
        IReadOnlyList<RelationName> relations,
        CancellationToken cancellation
    )
    {
        var probe = new PreparedProbe(session);
        try
        {
            // Behind somebody else's lock it would only stand in the way.
            await session
                .ExecuteAsync("set lock_timeout = '50ms'; set statement_timeout = '5s'", cancellation)
                .ConfigureAwait(false);
            foreach (var relation in relations)
            {
                await probe.PrepareAsync(relation, cancellation).ConfigureAwait(false);
            }
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        if (probe.prepared.Count > 0)
        {
            return probe;
        }

        await session.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    /// <summary>Whether the statements still work; null where nobody can tell.</summary>
    /// <returns>With what it means where one fails now.</returns>
    public async Task<(bool? Works, Message? Finding)> AskAsync(CancellationToken cancellation)
    {
        var broken = new List<RelationName>();
        var reason = "";
        var isKnown = true;
        for (var i = 0; i < prepared.Count; i++)
        {
            try
            {
                await session.ExecuteAsync($"explain execute {Name(i)}", cancellation).ConfigureAwait(false);
            }
            catch (PostgresException e) when (OutdatedPlan.Is(e))
            {
                broken.Add(prepared[i]);
                reason = e.MessageText;
            }
            catch (NpgsqlException e)
            {
                isKnown = false;
                if (e is not PostgresException server || ConnectionLoss.EndsSession(server.SqlState))
                {
                    break;
                }
            }
        }

        return (broken.Count, isKnown) switch
        {
            (0, true) => (true, null),
            (0, false) => (null, null),
            _ => (
                false,
                Message.Of("migrations.prepared", ("relation", string.Join(", ", broken)), ("reason", reason))
            ),
        };
    }

    private async Task PrepareAsync(RelationName relation, CancellationToken cancellation)
    {
        try
        {
            await session
                .ExecuteAsync(
                    $"prepare {Name(prepared.Count)} as {OwnStatement.Sign} select * from {relation.Sql}",
                    cancellation
                )
                .ConfigureAwait(false);
            prepared.Add(relation);
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            // Nobody else could have prepared it either, or somebody holds it now.
        }
    }

    private static string Name(int number) => $"tidelock_probe_{number}";

    public ValueTask DisposeAsync() => session.DisposeAsync();
}
