using System.Data;
using System.Text.RegularExpressions;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Names without a schema that Tidelock would read otherwise than the author's own psql: it looks in the view's schema and then in public,
/// psql where the search_path of the role or of the database says.
/// </summary>
internal static class NamesElsewhere
{
    /// <summary>Each look waits a second for a lock that somebody has on what the definition reads.</summary>
    private const int Looks = 5;

    /// <summary>
    /// What the names would mean there and here, or who keeps it from being told; null where nothing would be another. Between looks it holds
    /// no lock.
    /// </summary>
    public static async Task<Message?> FindAsync(
        PostgresSession session,
        ViewMigration migration,
        CancellationToken cancellation
    )
    {
        for (var look = 1; ; look++)
        {
            try
            {
                return await OnceAsync(session, migration, cancellation).ConfigureAwait(false);
            }
            catch (PostgresException e) when (MigrationTransaction.MayBeRepeated(e))
            {
                if (look == Looks)
                {
                    return Message.Of(
                        "migrations.view.names-busy",
                        ("file", migration.Definition.Path),
                        ("reason", e.MessageText)
                    );
                }
            }
        }
    }

    private static async Task<Message?> OnceAsync(
        PostgresSession session,
        ViewMigration migration,
        CancellationToken cancellation
    )
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation)
            .ConfigureAwait(false);
        await session
            .ExecuteAsync("set local lock_timeout = '1s'; set local search_path to default", cancellation)
            .ConfigureAwait(false);
        var path = await session
            .ScalarAsync<string>("select current_setting('search_path')", cancellation)
            .ConfigureAwait(false);
        var roles = await session
            .QueryAsync("select unnest(current_schemas(false))::text", r => r.GetString(0), cancellation)
            .ConfigureAwait(false);
        string[] here = [migration.Name.Schema, "public"];
        string[] there = [.. roles.Concat(here).Distinct(StringComparer.Ordinal)];
        if (there.SequenceEqual(here.Distinct(StringComparer.Ordinal), StringComparer.Ordinal))
        {
            return null;
        }

        // What cannot be created here is not found elsewhere either, and is refused in its own words.
        if (await ReadAsync(session, migration, here, cancellation).ConfigureAwait(false) is not { } ours)
        {
            return null;
        }

        var theirs =
            await ReadAsync(session, migration, there, cancellation).ConfigureAwait(false)
            ?? await NamesakesAsync(session, migration, ours, here, there, cancellation).ConfigureAwait(false);
        var read = ours.Except(theirs).Select(r => r.Identity).ToList();
        return read.Count == 0
            ? null
            : Message.Of(
                "migrations.view.names-elsewhere",
                ("file", migration.Definition.Path),
                ("here", string.Join(", ", read)),
                ("there", string.Join(", ", theirs.Except(ours).Select(r => r.Identity))),
                ("schema", migration.Name.Schema),
                ("user", session.Target.User),
                ("path", path)
            );
    }

    private static string SearchPath(IEnumerable<string> schemas) =>
        $"set local search_path to {BesideSchemas.Text(schemas)}";

    /// <summary>The relations and functions that the definition would read; null where it cannot be created.</summary>
    private static async Task<IReadOnlyList<ReadThing>?> ReadAsync(
        PostgresSession session,
        ViewMigration migration,
        IEnumerable<string> schemas,
        CancellationToken cancellation
    )
    {
        var view = new RelationName(migration.Name.Schema, $"tidelock_{Guid.NewGuid():N}");
        await session.ExecuteAsync($"savepoint names; {SearchPath(schemas)}", cancellation).ConfigureAwait(false);
        try
        {
            await session
                .ExecuteOneAsync($"create view {view.Sql} as\n{migration.Definition.Text}", cancellation)
                .ConfigureAwait(false);
            await session.ExecuteAsync("set local search_path to pg_catalog", cancellation).ConfigureAwait(false);
            return await session
                .QueryAsync(
                    """
                    select distinct i.identity, i.name from pg_rewrite w
                    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
                    cross join lateral pg_identify_object(d.refclassid, d.refobjid, 0) i
                    where w.ev_class = $1::regclass and d.refobjid <> w.ev_class
                      and d.refclassid in ('pg_class'::regclass, 'pg_proc'::regclass) order by 1
                    """,
                    r => new ReadThing(r.GetString(0), r.IsDBNull(1) ? null : r.GetString(1)),
                    cancellation,
                    new NpgsqlParameter { Value = view.Sql }
                )
                .ConfigureAwait(false);
        }
        catch (PostgresException e)
            when (!MigrationTransaction.MayBeRepeated(e) && !ConnectionLoss.EndsSession(e.SqlState))
        {
            return null;
        }
        finally
        {
            await session.ExecuteAsync("rollback to savepoint names", cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Where the definition cannot be created there, by names alone: what each relation's means that stands without a schema.</summary>
    private static async Task<IReadOnlyList<ReadThing>> NamesakesAsync(
        PostgresSession session,
        ViewMigration migration,
        IReadOnlyList<ReadThing> ours,
        IEnumerable<string> here,
        IEnumerable<string> there,
        CancellationToken cancellation
    )
    {
        var names = ours.Where(r => r.Name is not null && IsBare(r.Name)).Select(r => r.Name!);
        // Another name for a relation of a third schema looks the same: only what is found here without a schema may be found there.
        var bare = ours.Intersect(await NamedAsync(here, names).ConfigureAwait(false)).ToList();
        return [.. await NamedAsync(there, bare.Select(r => r.Name!)).ConfigureAwait(false), .. ours.Except(bare)];

        async Task<IReadOnlyList<ReadThing>> NamedAsync(IEnumerable<string> schemas, IEnumerable<string> called)
        {
            await session.ExecuteAsync(SearchPath(schemas), cancellation).ConfigureAwait(false);
            return await session
                .QueryAsync(
                    """
                    select i.identity, i.name from unnest($1::text[]) n
                    cross join lateral pg_identify_object('pg_class'::regclass, to_regclass(n), 0) i where i.identity is not null
                    """,
                    r => new ReadThing(r.GetString(0), r.GetString(1)),
                    cancellation,
                    new NpgsqlParameter { Value = called.ToArray() }
                )
                .ConfigureAwait(false);
        }

        bool IsBare(string name) =>
            Regex.IsMatch(
                migration.Definition.Text,
                $@"(?<![.\w""]){Regex.Escape(name)}(?![\w""]|\s*\.)",
                RegexOptions.IgnoreCase | RegexOptions.CultureInvariant,
                TimeSpan.FromSeconds(1)
            );
    }

    /// <param name="Identity">With its schema, quoted.</param>
    /// <param name="Name">A relation's name alone, quoted; null for a function.</param>
    private sealed record ReadThing(string Identity, string? Name);
}
