using Tidelock.Backups;
using Tidelock.Backups.Restoring;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>
/// A small database as an application has it, with what a backup can lose: an owner who is not the superuser, grants, a view on a
/// view, a materialized view, names with spaces, and a folder for its backups.
/// </summary>
internal sealed class ExamDatabase : IAsyncDisposable
{
    public const string Run = "tidelock/01JDTEST/1";

    private ExamDatabase(TestDatabase database, ClientPrograms clients)
    {
        Database = database;
        Clients = clients;
    }

    public TestDatabase Database { get; }

    public ClientPrograms Clients { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("tl-backups-").FullName;

    public BackupOptions Options => new(BackupSource.PgDump, TimeSpan.FromHours(2)) { Folder = Folder };

    public BackupTaker Taker => new(Clients, TimeProvider.System);

    public BackupVerifier Verifier => new(Clients, TimeProvider.System);

    public BackupRestorer Restorer => new(Clients, TimeProvider.System);

    public static async Task<ExamDatabase> CreateAsync(PostgresServer server) =>
        await CreateAsync(await server.CreateDatabaseAsync());

    /// <summary>In a database that is its own from now on.</summary>
    /// <param name="database">Empty.</param>
    /// <param name="clients">Dump and restore it; null for this machine's.</param>
    public static async Task<ExamDatabase> CreateAsync(TestDatabase database, ClientPrograms? clients = null)
    {
        await database.ExecuteAsync(
            """
            do $$ begin create role "exam owner" nologin;
            exception when duplicate_object or unique_violation then null; end $$;
            do $$ begin create role reporting nologin;
            exception when duplicate_object or unique_violation then null; end $$;
            create schema "exam data" authorization "exam owner";
            grant create, usage on schema public to "exam owner";
            set role "exam owner";
            create table public.exam_results (id serial primary key, student text not null, answers jsonb not null,
              created_at timestamptz not null default now(), updated_at timestamptz);
            insert into exam_results (student, answers, created_at)
              select 's' || n, '[{"question_id": 1, "is_correct": true}, {"question_id": 2}]', '2026-01-01'
              from generate_series(1, 500) n;
            create view public.attempt as
              select r.id, r.student, (q ->> 'question_id')::bigint as item_id
              from exam_results r, jsonb_array_elements(r.answers) q;
            create view public.attempts_per_student as select student, count(*) as n from attempt group by student;
            create materialized view "exam data"."daily totals" as select count(*) as n from attempt;
            create table "exam data"."odd ""name" (a int primary key, b text);
            insert into "exam data"."odd ""name" values (1, 'x'), (2, 'y');
            grant select on attempt to reporting;
            grant select (student) on exam_results to reporting;
            comment on view attempt is 'answered questions';
            reset role;
            analyze;
            select pg_stat_force_next_flush();
            """
        );
        clients ??= await ClientPrograms.FindAsync(ProcessVariables.Read(), 0, CancellationToken.None);
        return new ExamDatabase(database, clients);
    }

    /// <summary>Everything a restore must bring back, as text.</summary>
    public Task<List<string>> ContentAsync() =>
        Database.RowsAsync(
            """
            select n.nspname, c.relname, c.relkind::text, pg_get_userbyid(c.relowner), coalesce(c.relacl, acldefault(case c.relkind when 'S' then 's'::"char" else 'r' end, c.relowner))::text,
                   coalesce((select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || coalesce(a.attacl::text, ''), ',' order by attnum)
                             from pg_attribute a where a.attrelid = c.oid and attnum > 0), '-'),
                   coalesce(obj_description(c.oid), '-'),
                   case when c.relkind in ('r', 'v', 'm')
                        then (xpath('/row/d/text()', query_to_xml(format('select md5(coalesce(string_agg(x::text, chr(10) order by x::text), '''')) as d from %s x', c.oid::regclass), false, true, '')))[1]::text
                        else '-' end
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('public', 'exam data') and c.relkind in ('r', 'v', 'm', 'S')
            order by 1, 2
            """
        );

    public async Task<Backup> TakeAsync(BackupOptions? options = null)
    {
        var taken = await Taker.TakeAsync(
            Database.Target,
            Run,
            options ?? Options,
            null,
            _ => { },
            CancellationToken.None
        );
        Assert.Equal("backups.taken", taken.Finding.Code);
        return taken.Backup!;
    }

    public async Task<ServerIdentity> IdentityAsync()
    {
        await using var session = await OpenAsync();
        return await ServerIdentity.ReadAsync(session, CancellationToken.None);
    }

    public Task<PostgresSession> OpenAsync() => PostgresSession.OpenAsync(Database.Target, Run, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}
