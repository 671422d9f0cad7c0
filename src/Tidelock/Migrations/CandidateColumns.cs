using System.Data;
using Npgsql;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Migrations;

/// <summary>
/// The columns a definition would have, and whether the view's owner may read what it reads: found with a view of a random name, in a
/// transaction that is rolled back.
/// </summary>
/// <param name="schema">The view's schema.</param>
/// <param name="definition">The new query.</param>
/// <param name="owner">Whose view it is going to be; null where that makes no difference.</param>
internal sealed class CandidateColumns(string schema, ChangeFile definition, string? owner)
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
        var columns = ((CaptureResult.Captured)read).Closure.Relation.Columns;
        await PlanAsync(session, cancellation).ConfigureAwait(false);
        return columns;
    }

    /// <summary>Whether the columns were read and the planning failed.</summary>
    public bool Planning { get; private set; }

    /// <summary>Where the owner may not have a view of a random name, the plan is made under the lock alone.</summary>
    private async Task PlanAsync(PostgresSession session, CancellationToken cancellation)
    {
        if (owner is null || !await MayOwnAsync(session, owner, cancellation).ConfigureAwait(false))
        {
            return;
        }

        await session
            .ExecuteAsync($"alter view {name.Sql} owner to {Identifiers.Quote(owner)}", cancellation)
            .ConfigureAwait(false);
        Planning = true;
        await ViewPlan
            .MakeAsync(session, name, sql => session.ExecuteOneAsync(sql, cancellation), cancellation)
            .ConfigureAwait(false);
        Planning = false;
    }

    private Task<bool> MayOwnAsync(PostgresSession session, string role, CancellationToken cancellation) =>
        session.ScalarAsync<bool>(
            $"""
            select pg_has_role(session_user, $1, {ViewWork.RightToBecome})
              and (has_schema_privilege($1, $2, 'CREATE') or (select rolsuper from pg_roles where rolname = current_user))
            """,
            cancellation,
            new NpgsqlParameter { Value = role },
            new NpgsqlParameter { Value = schema }
        );

    /// <summary>What an author's text sees: its view's schema and public; a temporary table of the same name never comes first.</summary>
    public static string SearchPath(string schema) => $"set local search_path to {SchemasOf(schema)}";

    /// <inheritdoc cref="SearchPath"/>
    public static string SchemasOf(string schema) => $"{Identifiers.Quote(schema)}, public, pg_temp";
}
