using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Migrations;

/// <summary>
/// Lets PostgreSQL plan a read of a view as the view's owner, without reading. That finds a view that has become part of itself (42P17),
/// and whatever the owner may not read (42501): no reader could read it then.
/// </summary>
internal static class ViewPlan
{
    private const string Owner = $"""
        select pg_get_userbyid(c.relowner)::text,
          pg_has_role(session_user, c.relowner, {ViewWork.RightToBecome}),
          exists (select from pg_options_to_table(c.reloptions) o
            where o.option_name = 'security_invoker' and o.option_value::boolean)
        from pg_class c where c.oid = $1::regclass
        """;

    /// <summary>Whether readers read through it with their own rights, or may do so.</summary>
    public static bool IsReadAsInvoker(CapturedRelation view) =>
        view.Options.Any(o => o.StartsWith("security_invoker=", StringComparison.Ordinal));

    /// <summary>Plans within the open transaction and leaves nothing of it behind, also when it fails. Where we may not become the owner, it is planned as us.</summary>
    /// <param name="session">In a transaction.</param>
    /// <param name="name">The view.</param>
    /// <param name="run">Runs one statement.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="PostgresException">What is wrong with the view.</exception>
    public static async Task MakeAsync(
        PostgresSession session,
        RelationName name,
        Func<string, Task> run,
        CancellationToken cancellation
    )
    {
        var (owner, maySet, invoker) = (
            await session
                .QueryAsync(
                    Owner,
                    r => (r.GetString(0), r.GetBoolean(1), r.GetBoolean(2)),
                    cancellation,
                    new NpgsqlParameter { Value = name.Sql }
                )
                .ConfigureAwait(false)
        )[0];
        await run("savepoint planned").ConfigureAwait(false);
        try
        {
            if (maySet)
            {
                await run($"set local role {Identifiers.Quote(owner)}").ConfigureAwait(false);
                // An owner may have revoked his own right; what counts is what the view reads.
                await run($"grant select on {name.Sql} to {Identifiers.Quote(owner)}").ConfigureAwait(false);
            }

            await ExplainAsync(name, invoker, run).ConfigureAwait(false);
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            await BackAsync(session, cancellation).ConfigureAwait(false);
            throw;
        }

        await BackAsync(session, cancellation).ConfigureAwait(false);
    }

    private static async Task ExplainAsync(RelationName name, bool invoker, Func<string, Task> run)
    {
        try
        {
            await run($"explain (costs off) select * from {name.Sql}").ConfigureAwait(false);
        }
        catch (PostgresException e) when (invoker && e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // Such a view is read with each reader's own rights; they are looked at after planning, so the plan was made.
        }
    }

    private static Task BackAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ExecuteAsync("rollback to savepoint planned; release savepoint planned", cancellation);
}
