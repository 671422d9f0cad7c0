using Tidelock.Backups;
using Tidelock.Backups.PgBackRest;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Rehearsals;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>
/// A server of its own with a view to change, a tablespace, and much that would lead out of a copy of its files or keep that from starting; and a full backup
/// of it by pgBackRest.
/// </summary>
public sealed class BackRestBench : IAsyncLifetime
{
    private const string Sql = """
        create table public.results (id int primary key, name text not null, score numeric) tablespace beside;
        insert into public.results select n, 'n' || n, n % 7 from generate_series(1, 300) n;
        create view public.scores as select score, id, name from public.results;
        create extension file_fdw;
        create server programs foreign data wrapper file_fdw;
        create foreign table public.outside (text text) server programs options (program 'echo reached');
        create foreign data wrapper nothing;
        create server elsewhere foreign data wrapper nothing;
        create user mapping for public server elsewhere options (password 'production-only');
        create subscription theirs connection 'host=elsewhere.invalid dbname=none' publication p with (connect = false, slot_name = none);
        create role clerk login;
        alter role clerk set work_mem = '5MB';
        """;

    /// <summary>None is in force, because the server is not started again; all are in its files.</summary>
    private static readonly string[] Files =
    [
        "alter system set shared_preload_libraries = 'no_such_library'",
        "alter system set shared_buffers = '7TB'",
        "alter system set ssl_cert_file = '/nowhere/cert'",
        "alter system set listen_addresses = '203.0.113.7'",
        "alter system set recovery_end_command = 'exit 129'",
        "alter system set hba_file = '/nowhere/hba'",
    ];

    private readonly DataRehearser rehearser = new(
        new BackupPrograms(),
        new MigrationTransaction(TimeProvider.System),
        TimeProvider.System
    );

    private string spaces = "";

    internal BackRestServer Server { get; private set; } = null!;

    internal RehearsalBench Bench { get; private set; } = null!;

    /// <summary>The backup.</summary>
    internal BackRestSet Set { get; private set; } = null!;

    /// <summary>Where throwaway servers lie.</summary>
    internal string Place { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Server = await BackRestServer.StartAsync();
        spaces = Folder("tl-spaces-");
        Place = Folder("tl-place-");
        var database = await TestDatabase.CreateAsync(Server.Cluster);
        await database.ExecuteAsync($"create tablespace beside location '{spaces}'");
        Bench = await RehearsalBench.CreateAsync(database, Sql);
        Bench.With("new.sql", "select id::bigint as id, name, score from public.results");
        foreach (var setting in Files)
        {
            await database.ExecuteAsync(setting);
        }

        await database.ExecuteAsync("begin; insert into results values (301, 'open', 1); prepare transaction 'open'");
        Set = (await ProveAsync()).Set!;
        await database.ExecuteAsync("rollback prepared 'open'");
        await Server.ArchivedAsync();
    }

    /// <summary>What the source says of it, taking a full one.</summary>
    internal Task<BackupProof> ProveAsync(BackupPrograms? programs = null) =>
        new PgBackRestSource(programs ?? new BackupPrograms(), TimeProvider.System).ProveAsync(Request(), default);

    internal BackupRequest Request() =>
        new(
            Options,
            "/",
            Bench.Database.Target,
            "tidelock/01JDRUN/1",
            stop => PostgresSession.OpenAsync(Bench.Database.Target, "tidelock/01JDRUN/1", stop)
        );

    internal BackupOptions Options =>
        new(BackupSource.PgBackRest, TimeSpan.FromHours(2))
        {
            PgBackRest = RestOptions(Server.Config),
            Rehearsal = new RehearsalOptions(Place, TimeSpan.FromMinutes(5), []),
        };

    /// <summary>The backup by another configuration.</summary>
    internal BackRestSet By(string config) =>
        Set with
        {
            Program = new PgBackRestProgram(RestOptions(config), "/", TimeProvider.System),
        };

    internal Task<RehearsalRecord> RehearseAsync(BackRestSet set, string yaml = "")
    {
        var change = Bench
            .Declaring("migration:\n  view: { name: public.scores, definition: new.sql }\n" + yaml)
            .Change();
        return rehearser.RehearseAsync(
            set,
            new DataRehearsalOrder(
                change,
                "production",
                Options,
                "kim",
                null,
                set.At,
                c => PostgresSession.OpenAsync(Bench.Database.Target, "test", c)
            ),
            new RehearsalWatch(_ => { }, _ => { }),
            default
        );
    }

    public async ValueTask DisposeAsync()
    {
        await Bench.Database.ExecuteAsync("drop subscription theirs");
        await Bench.DisposeAsync();
        await Server.DisposeAsync();
        Directory.Delete(Place, recursive: true);
        Directory.Delete(spaces, recursive: true);
    }

    private static PgBackRestOptions RestOptions(string config) =>
        new(BackRestServer.Stanza, config, BackRestServer.Program, BackRestType.Full, TimeSpan.FromMinutes(5));

    private static string Folder(string prefix)
    {
        var folder = Path.Combine(Path.GetTempPath(), prefix + Path.GetRandomFileName());
        UnprivilegedUser.CreateFolder(folder);
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute);
        return folder;
    }
}
