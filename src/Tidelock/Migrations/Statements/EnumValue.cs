using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>ALTER TYPE … ADD VALUE.</summary>
/// <param name="Type">The type, as SQL.</param>
/// <param name="Label">The new value.</param>
/// <param name="IfNotExists">IF NOT EXISTS.</param>
internal sealed record EnumValue(string Type, string Label, bool IfNotExists) : StatementKind
{
    private static readonly string There = $"""
        select e.oid::pg_catalog.int8 from pg_catalog.pg_enum e
        where e.enumtypid = {NamedObjects.Type("$1")} and e.enumlabel = $2
        """;

    public override bool IsSeen => true;

    public static EnumValue? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        if (!names.Takes("alter", "type") || names.QualifiedName() is not { } type || !names.Takes("add", "value"))
        {
            return null;
        }

        var ifNotExists = names.Takes("if", "not", "exists");
        return names.Literal() is { } label ? new EnumValue(type, label, ifNotExists) : null;
    }

    public override Task<IReadOnlyList<long>> BeforeAsync(PostgresSession session, CancellationToken cancellation) =>
        IdsAsync(session, There, cancellation, Type, Label);

    public override async Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var now = await BeforeAsync(session, cancellation).ConfigureAwait(false);
        return now.Any(v => IfNotExists || !before.Contains(v)) ? StatementFate.Done : StatementFate.NotDone;
    }
}
