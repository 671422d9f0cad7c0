using System.Data;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Migrations;

/// <summary>The columns a definition would have: read from a view of a random name, in a transaction that is rolled back.</summary>
internal sealed class CandidateColumns(string schema, ChangeFile definition)
{
    private readonly RelationName name = new(schema, $"tidelock_{Guid.NewGuid():N}");

    /// <summary>The statement that PostgreSQL's errors are about.</summary>
    public AuthorsSql Statement => new(definition, $"create view {name.Sql} as\n");

    public async Task<IReadOnlyList<CapturedColumn>> ReadAsync(PostgresSession session, CancellationToken cancellation)
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation)
            .ConfigureAwait(false);
        await session
            .ExecuteOneAsync(Statement.Sql, cancellation, "set local lock_timeout = '1s'", SearchPath(schema))
            .ConfigureAwait(false);
        await session.ExecuteAsync("set local search_path to pg_catalog", cancellation).ConfigureAwait(false);
        var read = await ClosureCapture.ReadAsync(session, name, cancellation).ConfigureAwait(false);
        return ((CaptureResult.Captured)read).Closure.Relation.Columns;
    }

    /// <summary>What an author's text sees: its view's schema and public; a temporary table of the same name never comes first.</summary>
    public static string SearchPath(string schema) =>
        $"set local search_path to {Identifiers.Quote(schema)}, public, pg_temp";
}
