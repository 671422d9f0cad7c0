using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>A database with views, and the moves a run would make on it.</summary>
internal sealed class ViewBench(TestDatabase database) : IAsyncDisposable
{
    public static readonly LockBudget Budget = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(30), 100);

    public TestDatabase Database { get; } = database;

    public List<MigrationTry> Tries { get; } = [];

    public List<BlockerDeed> Deeds { get; } = [];

    public List<Message> Progress { get; } = [];

    /// <summary>The database of the example, before its change.</summary>
    public static async Task<ViewBench> AttemptAsync(PostgresServer server) =>
        await AttemptAsync(await server.CreateDatabaseAsync());

    /// <summary>The same in a database of the caller's.</summary>
    public static async Task<ViewBench> AttemptAsync(TestDatabase database)
    {
        var bench = new ViewBench(database);
        await bench.Database.ExecuteAsync(Example("database.sql"));
        return bench;
    }

    public static async Task<ViewBench> EmptyAsync(PostgresServer server, string sql) =>
        await EmptyAsync(await server.CreateDatabaseAsync(), sql);

    /// <summary>The same in a database of the caller's.</summary>
    public static async Task<ViewBench> EmptyAsync(TestDatabase database, string sql)
    {
        var bench = new ViewBench(database);
        await bench.Database.ExecuteAsync(sql);
        return bench;
    }

    /// <summary>The repository's folder.</summary>
    public static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Tidelock.slnx")))
            {
                folder = Path.GetDirectoryName(folder)!;
            }

            return folder;
        }
    }

    public static string Example(string file) =>
        File.ReadAllText(Path.Combine(Root, "examples", "attempt-view-v1", file));

    public static ViewMigration View(string name, string definition, LockBudget? budget = null) =>
        new(
            RelationName.TryParse(name)!,
            new ChangeFile("view.sql", definition),
            DependentsPolicy.Preserve,
            budget ?? Budget
        );

    public async Task<RelationClosure?> CaptureAsync(RelationName name)
    {
        await using var session = await OpenAsync();
        return (await ClosureCapture.CaptureAsync(session, name, default)).ClosureOrNull;
    }

    public async Task<MigrationOutcome> ForwardAsync(ViewMigration migration) =>
        await RunAsync(migration.Forward(await CaptureAsync(migration.Name)), migration.Locks);

    public async Task<MigrationOutcome> RunAsync(IMigrationMove move, LockBudget? budget = null)
    {
        await using var session = await OpenAsync();
        return await RunAsync(session, move, budget ?? Budget, TimeSpan.FromSeconds(60));
    }

    public async Task<MigrationOutcome> RunAsync(
        PostgresSession session,
        IMigrationMove move,
        LockBudget budget,
        TimeSpan limit
    )
    {
        using var deadline = new CancellationTokenSource(limit, TimeProvider.System);
        return await new MigrationTransaction(TimeProvider.System).RunAsync(
            session,
            move,
            budget,
            (one, _) =>
            {
                Tries.Add(one);
                return Task.CompletedTask;
            },
            (deed, _) =>
            {
                Deeds.Add(deed);
                return Task.CompletedTask;
            },
            Progress.Add,
            deadline.Token
        );
    }

    public Task<PostgresSession> OpenAsync() => PostgresSession.OpenAsync(Database.Target, "tidelock/test/1", default);

    /// <summary>The whole schema as pg_dump writes it.</summary>
    public Task<string> DumpAsync() => DumpAsync(Database.Cluster.Programs.Folder);

    /// <summary>The same by the pg_dump of another folder.</summary>
    public async Task<string> DumpAsync(string programs)
    {
        var dump = await new ChildProgram(
            Path.Combine(programs, "pg_dump"),
            ["--schema-only"],
            Database.Target.LibpqEnvironment("test")
        ).RunAsync(default);
        dump.OrThrow();
        return string.Join('\n', dump.Output.Split('\n').Where(l => !l.StartsWith('\\')));
    }

    /// <summary>Every row of the catalogs about anything of anybody's: what must be the same there and back.</summary>
    public async Task<List<string>> WholeCatalogAsync() =>
        await Database.RowsAsync(
            await File.ReadAllTextAsync(
                Path.Combine(Root, "tests", "Tidelock.Postgres.Tests", "Views", "WholeCatalog.sql")
            )
        );

    /// <summary>All that the catalogs say about views, asked in a way of its own: what must be the same there and back.</summary>
    public async Task<List<string>> CatalogAsync() =>
        [
            .. await Database.RowsAsync(
                """
                select c.relname, c.relkind::text, c.relowner::regrole::text, c.relacl::text, c.reloptions::text, c.relispopulated::text,
                    pg_get_viewdef(c.oid, true), obj_description(c.oid)
                from pg_class c where c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('v', 'm', 'i')
                order by 1
                """.Replace(
                    "pg_get_viewdef(c.oid, true)",
                    "case when relkind = 'i' then pg_get_indexdef(c.oid) else pg_get_viewdef(c.oid, true) end",
                    StringComparison.Ordinal
                )
            ),
            .. await Database.RowsAsync(
                """
                select a.attrelid::regclass::text, a.attnum::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attacl::text,
                    col_description(a.attrelid, a.attnum), pg_get_expr(d.adbin, d.adrelid), a.attstattarget::text
                from pg_attribute a join pg_class c on c.oid = a.attrelid
                left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                where c.relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast') and c.relkind in ('v', 'm') and a.attnum > 0
                order by 1, 2
                """
            ),
            .. await Database.RowsAsync(
                "select pg_get_triggerdef(oid), tgenabled::text, obj_description(oid) from pg_trigger where not tgisinternal order by 1"
            ),
            .. await Database.RowsAsync(
                "select definition, obj_description(r.oid) from pg_rules p join pg_rewrite r on r.rulename = p.rulename and r.ev_class = (quote_ident(schemaname) || '.' || quote_ident(tablename))::regclass where schemaname not in ('pg_catalog') order by 1"
            ),
        ];

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
