using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>ALTER TABLE … VALIDATE CONSTRAINT: the catalog says whether a constraint is valid, and to validate it again does nothing.</summary>
/// <param name="Table">The table, as SQL.</param>
/// <param name="Constraint">Its constraint.</param>
internal sealed record ConstraintValidation(string Table, string Constraint) : StatementKind
{
    private static readonly string Valid = $"""
        select c.oid::pg_catalog.int8 from pg_catalog.pg_constraint c
        where c.conrelid = {NamedObjects.Relation("$1")} and c.conname = $2 and c.convalidated
        """;

    public override bool IsSeen => true;

    public static ConstraintValidation? Read(SqlStatement statement)
    {
        var names = new SqlNames(statement.Tokens, 0);
        return
            names.TakesTable() is { } table
            && names.Takes("validate", "constraint")
            && names.Name() is { } constraint
            && names.IsAtEnd
            ? new ConstraintValidation(table, constraint)
            : null;
    }

    public override async Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var valid = await IdsAsync(session, Valid, cancellation, Table, Constraint).ConfigureAwait(false);
        return valid.Count > 0 ? StatementFate.Done : StatementFate.NotDone;
    }
}
