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

    /// <summary>Whether both functions end in the same text. Creates functions of a random name in a transaction that is rolled back.</summary>
    public static async Task<bool> IsSameRoutineAsync(
        PostgresSession session,
        string schema,
        RoutineText one,
        RoutineText other,
        CancellationToken cancellation
    )
    {
        var name = new RelationName(schema, $"tidelock_{Guid.NewGuid():N}");
        return await OfAsync(one).ConfigureAwait(false) is { } a
            && await OfAsync(other).ConfigureAwait(false) is { } b
            && string.Equals(a, b, StringComparison.Ordinal);

        async Task<string?> OfAsync(RoutineText routine) =>
            routine.Named(name.Sql) is { } twin
                ? await FixPoint
                    .OfAsync(
                        session,
                        twin.Text,
                        text => ReadBackRoutineAsync(session, name, text, cancellation),
                        cancellation
                    )
                    .ConfigureAwait(false)
                : null;
    }

    private static Task<string?> OfAsync(
        PostgresSession session,
        string schema,
        string definition,
        CancellationToken cancellation
    )
    {
        var name = new RelationName(schema, $"tidelock_{Guid.NewGuid():N}");
        return OfAsync(session, definition, text => ReadBackAsync(session, name, text, cancellation), cancellation);
    }

    /// <summary>The fix-point; null when the text cannot be created here and now, which is not the same as anything.</summary>
    private static async Task<string?> OfAsync(
        PostgresSession session,
        string text,
        Func<string, Task<string>> readBack,
        CancellationToken cancellation
    )
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation)
            .ConfigureAwait(false);
        try
        {
            await session.ExecuteAsync("set local lock_timeout = '1s'", cancellation).ConfigureAwait(false);
            for (var round = 0; round < Rounds; round++)
            {
                var next = await readBack(text).ConfigureAwait(false);
                if (string.Equals(next, text, StringComparison.Ordinal))
                {
                    return text;
                }

                text = next;
            }

            return null;
        }
        catch (PostgresException)
        {
            return null;
        }
    }

    private static async Task<string> ReadBackRoutineAsync(
        PostgresSession session,
        RelationName name,
        string definition,
        CancellationToken cancellation
    )
    {
        await session.ExecuteOneAsync(definition, cancellation).ConfigureAwait(false);
        var text = await session
            .ScalarAsync<string>(
                "select pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = $1 and p.proname = $2",
                cancellation,
                new NpgsqlParameter { Value = name.Schema },
                new NpgsqlParameter { Value = name.Name }
            )
            .ConfigureAwait(false);
        await session.ExecuteOneAsync($"drop routine {name.Sql}", cancellation).ConfigureAwait(false);
        return text!;
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
