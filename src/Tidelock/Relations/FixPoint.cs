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

    /// <summary>
    /// Whether both rules, triggers or indexes end in the same text. Creates them on tables of a random name with the same columns, so that
    /// nobody waits for a lock, in a transaction that is rolled back.
    /// </summary>
    public static async Task<bool> IsSameAttachedAsync(
        PostgresSession session,
        string schema,
        AttachedText one,
        AttachedText other,
        CancellationToken cancellation
    )
    {
        var twin = new RelationName(schema, $"tidelock_{Guid.NewGuid():N}");
        return await OfAsync(one).ConfigureAwait(false) is { } a
            && await OfAsync(other).ConfigureAwait(false) is { } b
            && string.Equals(a, b, StringComparison.Ordinal);

        async Task<string?> OfAsync(AttachedText attached) =>
            attached.On(twin) is { } text
                ? await FixPoint
                    .OfAsync(
                        session,
                        text,
                        t => ReadBackAttachedAsync(session, twin, attached, t, cancellation),
                        cancellation
                    )
                    .ConfigureAwait(false)
                : null;
    }

    /// <summary>Whether both domains end in the same text. Creates domains of a random name in a transaction that is rolled back.</summary>
    public static async Task<bool> IsSameDomainAsync(
        PostgresSession session,
        string schema,
        CapturedObject one,
        CapturedObject other,
        CancellationToken cancellation
    )
    {
        var twin = new RelationName(schema, $"tidelock_{Guid.NewGuid():N}");
        return await OfAsync(one).ConfigureAwait(false) is { } a
            && await OfAsync(other).ConfigureAwait(false) is { } b
            && string.Equals(a, b, StringComparison.Ordinal);

        async Task<string?> OfAsync(CapturedObject domain)
        {
            var head = $"create domain {domain.Name} as ";
            return domain.Statements is [var text] && text.StartsWith(head, StringComparison.Ordinal)
                ? await FixPoint
                    .OfAsync(
                        session,
                        $"create domain {twin.Sql} as {text[head.Length..]}",
                        t => ReadBackDomainAsync(session, twin, t, cancellation),
                        cancellation
                    )
                    .ConfigureAwait(false)
                : null;
        }
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

    private static async Task<string> ReadBackAttachedAsync(
        PostgresSession session,
        RelationName twin,
        AttachedText attached,
        string definition,
        CancellationToken cancellation
    )
    {
        await session
            .ExecuteOneAsync($"create table {twin.Sql} (like {attached.Table})", cancellation)
            .ConfigureAwait(false);
        await session.ExecuteOneAsync(definition, cancellation).ConfigureAwait(false);
        var text = await session
            .ScalarAsync<string>(
                attached.Kind switch
                {
                    "rule" => "select rtrim(pg_get_ruledef(oid), ';') from pg_rewrite where ev_class = $1::regclass",
                    "trigger" =>
                        "select pg_get_triggerdef(oid) from pg_trigger where tgrelid = $1::regclass and not tgisinternal",
                    _ => "select pg_get_indexdef(indexrelid) from pg_index where indrelid = $1::regclass",
                },
                cancellation,
                new NpgsqlParameter { Value = twin.Sql }
            )
            .ConfigureAwait(false);
        await session.ExecuteOneAsync($"drop table {twin.Sql}", cancellation).ConfigureAwait(false);
        return text!;
    }

    /// <summary>As it is captured, under the twin's name as it is written here.</summary>
    private static async Task<string> ReadBackDomainAsync(
        PostgresSession session,
        RelationName twin,
        string definition,
        CancellationToken cancellation
    )
    {
        await session.ExecuteOneAsync(definition, cancellation).ConfigureAwait(false);
        var read = await ClosureCapture.DomainAsync(session, twin, cancellation).ConfigureAwait(false);
        await session.ExecuteOneAsync($"drop domain {twin.Sql}", cancellation).ConfigureAwait(false);
        return read.Statements[0];
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
