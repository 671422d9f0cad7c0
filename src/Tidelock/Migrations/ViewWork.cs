using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>What the ways there and back of a view have in common.</summary>
internal static class ViewWork
{
    /// <summary>SQL: what <c>pg_has_role</c> calls the right to become a role, which from PostgreSQL 16 on is more than membership.</summary>
    public const string RightToBecome =
        "case when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end";

    /// <summary>
    /// Runs statements that take locks and do nothing else, unless somebody gave one of the relations another owner since they were
    /// written: they name the captured one.
    /// </summary>
    /// <returns>Whose owner was another; nothing may be committed then, so that it stays so.</returns>
    public static async Task<IReadOnlyList<string>> LockAsync(
        OpenTry open,
        IEnumerable<RestoreStatement> locks,
        CancellationToken cancellation
    )
    {
        var locked = new List<string>();
        foreach (var statement in locks)
        {
            await open.LockAsync(statement.Sql, statement.For, cancellation).ConfigureAwait(false);
            locked.Add(
                statement.For is CapturedObject { Table: { } table } ? table : ((RelationName)statement.For).Sql
            );
        }

        return await WrittenAsync(open, locked, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Which relations' rows in the catalog this transaction wrote: naming the owner that a relation has writes nothing. Only this tells
    /// an owner that was changed while the lock was waited for.
    /// </summary>
    private static async Task<IReadOnlyList<string>> WrittenAsync(
        OpenTry open,
        IReadOnlyCollection<string> relations,
        CancellationToken cancellation
    ) =>
        await open
            .Session.QueryAsync(
                """
                select r from unnest($1::text[]) r join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(r)
                where c.xmin in (
                    select transactionid from pg_catalog.pg_locks where locktype = 'transactionid' and pid = pg_catalog.pg_backend_pid()
                )
                """,
                r => r.GetString(0),
                cancellation,
                new NpgsqlParameter { Value = relations.ToArray() }
            )
            .ConfigureAwait(false);

    public static async Task RunAsync(
        OpenTry open,
        IEnumerable<RestoreStatement> statements,
        CancellationToken cancellation
    )
    {
        foreach (var statement in statements)
        {
            await open.ExecuteAsync(statement.Sql, statement.For, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether CREATE OR REPLACE can make the one of the other: the same columns, and perhaps more behind them.</summary>
    public static bool Extends(IReadOnlyList<CapturedColumn> columns, IReadOnlyList<CapturedColumn> by) =>
        columns.Count <= by.Count && columns.Zip(by).All(c => c.First.Shape == c.Second.Shape);

    /// <summary>What locking a closure takes; which tables have policies, rules and the like that read it is found out by trying.</summary>
    public static MovePreparation Locks(RelationClosure there) =>
        new(there.All.Select(r => r.Name).ToList(), null)
        {
            LocksUnknown = (there.Objects ?? []).Any(o => o.Table is not null),
        };

    /// <summary>Why a drop would lose something; null when everything can be put back.</summary>
    public static async Task<Message?> CannotPutBackAsync(
        PostgresSession session,
        RelationClosure there,
        CancellationToken cancellation
    )
    {
        if (there.Unrestorable.Count > 0)
        {
            return Message.Of(
                "migrations.view.unrestorable",
                ("relation", there.Relation.Name),
                ("things", string.Join(", ", there.Unrestorable))
            );
        }

        var strangers = await StrangersAsync(session, there, cancellation).ConfigureAwait(false);
        return strangers.Count == 0
            ? null
            : Message.Of(
                "migrations.view.cannot-become",
                ("relation", there.Relation.Name),
                ("roles", string.Join(", ", strangers))
            );
    }

    /// <summary>Whether the columns are those that were wanted; what is wrong with them otherwise.</summary>
    public static async Task<Message?> OtherColumnsAsync(
        OpenTry open,
        RelationName name,
        IReadOnlyList<CapturedColumn> columns,
        CancellationToken cancellation
    )
    {
        var read = await ClosureCapture.ReadAsync(open.Session, name, cancellation).ConfigureAwait(false);
        var now = read.ClosureOrNull?.Relation.Columns ?? [];
        return now.Count == columns.Count && Extends(now, columns)
            ? null
            : Message.Of(
                "migrations.view.other-columns",
                ("relation", name),
                ("columns", string.Join(", ", now.Select(c => c.Shape)))
            );
    }

    /// <summary><see cref="ViewPlan"/> of the view within a try.</summary>
    public static Task PlanAsync(OpenTry open, RelationName name, CancellationToken cancellation) =>
        ViewPlan.MakeAsync(
            open.Session,
            name,
            sql => open.ExecuteAsync(sql, new PlannedView(name), cancellation),
            cancellation
        );

    public static Message Explain(PostgresException error, object? about, RelationName name) =>
        about switch
        {
            AuthorsSql sql => sql.Explain(error),
            PlannedView when error.SqlState == PostgresErrorCodes.InsufficientPrivilege => MayNot(error, name),
            RelationName other when other != name => Message.Of(
                "migrations.view.dependent-does-not-fit",
                ("relation", name),
                ("dependent", other),
                ("state", error.SqlState),
                ("reason", AuthorsSql.Reason(error))
            ),
            CapturedObject other => Message.Of(
                "migrations.view.dependent-does-not-fit",
                ("relation", name),
                ("dependent", other),
                ("state", error.SqlState),
                ("reason", AuthorsSql.Reason(error))
            ),
            _ => Message.Of(
                "migrations.view.failed",
                ("relation", name),
                ("state", error.SqlState),
                ("reason", AuthorsSql.Reason(error))
            ),
        };

    /// <summary>The owner may not read what the view reads, so that nobody could read the view.</summary>
    public static Message MayNot(PostgresException error, RelationName name) =>
        Message.Of(
            "migrations.view.owner-may-not",
            ("relation", name),
            ("state", error.SqlState),
            ("reason", AuthorsSql.Reason(error))
        );

    private static Task<List<string>> StrangersAsync(
        PostgresSession session,
        RelationClosure there,
        CancellationToken cancellation
    )
    {
        var roles = there
            .All.SelectMany(r =>
                r.Columns.SelectMany(c => c.Grants ?? [])
                    .Concat(r.Grants ?? [])
                    .Concat(r.TypeGrants ?? [])
                    .Select(g => g.Grantor)
                    .Prepend(r.Owner)
            )
            .Concat((there.Objects ?? []).SelectMany(o => (o.Grants ?? []).Select(g => g.Grantor).Prepend(o.Owner)))
            .Distinct(StringComparer.Ordinal)
            .ToArray();
        return session.QueryAsync(
            $"""
            select r from unnest($1::text[]) r
            where not coalesce((select pg_has_role(session_user, oid, {RightToBecome}) from pg_roles where rolname = r), false)
            """,
            row => row.GetString(0),
            cancellation,
            new NpgsqlParameter { Value = roles }
        );
    }
}

/// <summary>A view that is being planned.</summary>
internal sealed record PlannedView(RelationName Name);
