using System.Data;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>
/// Definitions compared as what PostgreSQL makes of them in the end: <c>varchar in ('a', 'b')</c> reads differently after it was
/// created once more, and stays the same from then on.
/// </summary>
internal static class FixPoint
{
    private const int Rounds = 4;

    /// <summary>Whether both definitions end in the same text. Creates views of a random name in a transaction that is rolled back.</summary>
    public static async Task<bool> IsSameAsync(
        PostgresSession session,
        string schema,
        string one,
        string other,
        CancellationToken cancellation
    ) =>
        await OfAsync(session, schema, one, cancellation).ConfigureAwait(false) is { } a
        && await OfAsync(session, schema, other, cancellation).ConfigureAwait(false) is { } b
        && string.Equals(a, b, StringComparison.Ordinal);

    /// <summary>The fix-point; null when the definition cannot be created here and now, which is not the same as anything.</summary>
    private static async Task<string?> OfAsync(
        PostgresSession session,
        string schema,
        string definition,
        CancellationToken cancellation
    )
    {
        var name = new RelationName(schema, $"tidelock_{Guid.NewGuid():N}");
        await using var transaction = await session
            .Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation)
            .ConfigureAwait(false);
        try
        {
            await session.ExecuteAsync("set local lock_timeout = '1s'", cancellation).ConfigureAwait(false);
            for (var round = 0; round < Rounds; round++)
            {
                var next = await ReadBackAsync(session, name, definition, cancellation).ConfigureAwait(false);
                if (string.Equals(next, definition, StringComparison.Ordinal))
                {
                    return definition;
                }

                definition = next;
            }

            return null;
        }
        catch (PostgresException)
        {
            return null;
        }
    }

    private static async Task<string> ReadBackAsync(
        PostgresSession session,
        RelationName name,
        string definition,
        CancellationToken cancellation
    )
    {
        await session.ExecuteOneAsync($"create view {name.Sql} as\n{definition}", cancellation).ConfigureAwait(false);
        var text = await session
            .ScalarAsync<string>(
                $"select rtrim(pg_get_viewdef({Identifiers.Literal(name.Sql)}::regclass), ';')",
                cancellation
            )
            .ConfigureAwait(false);
        await session.ExecuteOneAsync($"drop view {name.Sql}", cancellation).ConfigureAwait(false);
        return text!;
    }
}
