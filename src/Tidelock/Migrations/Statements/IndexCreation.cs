using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>CREATE INDEX. Made CONCURRENTLY it is done once its index is valid; a failed try leaves an invalid one.</summary>
/// <param name="Name">The index; null where PostgreSQL chooses a name.</param>
/// <param name="Table">Its table, as SQL.</param>
/// <param name="IsConcurrent">CONCURRENTLY.</param>
/// <param name="IfNotExists">IF NOT EXISTS.</param>
internal sealed record IndexCreation(string? Name, string Table, bool IsConcurrent, bool IfNotExists) : StatementKind
{
    private static readonly string Indexes = $"""
        select i.indexrelid::pg_catalog.int8, i.indisvalid and i.indisready, c.relkind = 'I'
        from pg_catalog.pg_index i
        join pg_catalog.pg_class c on c.oid = i.indexrelid
        join pg_catalog.pg_class t on t.oid = i.indrelid and t.relnamespace = c.relnamespace
        where t.oid = {NamedObjects.Relation("$1")} and c.relname = $2::pg_catalog.name
        """;

    public override bool WaitsHarmlessly => IsConcurrent;

    public override bool IsSeen => Name is not null;

    public static IndexCreation? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        if (!names.Takes("create"))
        {
            return null;
        }

        names.Takes("unique");
        if (!names.Takes("index"))
        {
            return null;
        }

        var concurrent = names.Takes("concurrently");
        var ifNotExists = names.Takes("if", "not", "exists");
        var name = names.Takes("on") ? null : names.Name();
        if (name is not null && !names.Takes("on"))
        {
            return null;
        }

        names.Takes("only");
        return names.QualifiedName() is { } table ? new IndexCreation(name, table, concurrent, ifNotExists) : null;
    }

    public override async Task<IReadOnlyList<long>> BeforeAsync(
        PostgresSession session,
        CancellationToken cancellation
    ) => [.. (await FindAsync(session, cancellation).ConfigureAwait(false)).Select(i => i.Id)];

    public override async Task<Message?> RefusalAsync(PostgresSession session, CancellationToken cancellation)
    {
        var there = await FindAsync(session, cancellation).ConfigureAwait(false);
        return IfNotExists && there.Any(i => !i.IsValid && !i.IsPartitioned)
            ? Message.Of("migrations.statements.invalid-before", ("index", Name), ("table", Table))
            : null;
    }

    public override async Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        if (Name is null)
        {
            return StatementFate.Unknown;
        }

        var now = await FindAsync(session, cancellation).ConfigureAwait(false);
        return now.Any(i => (IfNotExists || !before.Contains(i.Id)) && (i.IsValid || !IsConcurrent))
            ? StatementFate.Done
            : StatementFate.NotDone;
    }

    public override async Task<IReadOnlyList<InvalidIndex>> LeftoversAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var now = await FindAsync(session, cancellation).ConfigureAwait(false);
        return IsConcurrent && now.Any(i => !i.IsValid && !before.Contains(i.Id))
            ? await InvalidIndexes
                .OfAsync(session, [.. now.Select(i => i.Id).Except(before)], cancellation)
                .ConfigureAwait(false)
            : [];
    }

    private async Task<IReadOnlyList<(long Id, bool IsValid, bool IsPartitioned)>> FindAsync(
        PostgresSession session,
        CancellationToken cancellation
    ) =>
        Name is null
            ? []
            : await session
                .QueryAsync(
                    Indexes,
                    r => (r.GetInt64(0), r.GetBoolean(1), r.GetBoolean(2)),
                    cancellation,
                    new NpgsqlParameter { Value = Table },
                    new NpgsqlParameter { Value = Name }
                )
                .ConfigureAwait(false);
}
