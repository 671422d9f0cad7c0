using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups.Losses;

public sealed class LostWritesTests(PostgresServer server)
{
    [Fact]
    public async Task Rows_written_since_the_backup_are_counted_per_table()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync(
            """
            insert into exam_results (student, answers, updated_at) select 'new', '[]', '2026-07-01' from generate_series(1, 3);
            update exam_results set student = 'x' where id <= 2;
            delete from "exam data"."odd ""name" where a = 1;
            """
        );
        var lost = await SettledAsync(exam, backup, l => l.Total == 6);
        var results = lost.Tables.Single(t => t.Table.Name == "exam_results");
        Assert.Equal(new WriteCount(3, 2, 0), results.Counted);
        Assert.Equal("updated_at", results.NewestColumn);
        Assert.Equal(new DateTimeOffset(2026, 7, 1, 0, 0, 0, TimeSpan.Zero), results.NewestAt);
        Assert.Equal(new WriteCount(0, 0, 1), lost.Tables.Single(t => t.Table.Name == "odd \"name").Counted);
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task On_every_version_writes_are_counted_and_what_cannot_be_known_is_unknown(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        await database.ExecuteAsync(
            """
            create table orders (id int primary key, updated_at timestamptz);
            insert into orders select n, '2026-01-01' from generate_series(1, 100) n;
            create table emptied as select n from generate_series(1, 5) n;
            create table made_again as select n from generate_series(1, 5) n;
            create table idle as select n from generate_series(1, 5) n;
            """
        );
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        var manifest = await ManifestOfSettledAsync(session);
        await database.ExecuteAsync(
            """
            insert into orders select n, '2026-02-01' from generate_series(101, 130) n;
            update orders set updated_at = '2026-03-01' where id <= 3;
            delete from orders where id > 120;
            truncate emptied;
            drop table made_again; create table made_again (n int);
            """
        );

        var lost = await SettledAsync(session, manifest, l => Of(l, "orders").Rows == 43);

        var orders = Of(lost, "orders");
        Assert.Equal(new WriteCount(30, 3, 10), orders.Counted);
        Assert.Equal((100, 120), (orders.RowsThen, orders.RowsNow));
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), orders.NewestAt);
        Assert.Equal("backups.lost.rewritten", Of(lost, "emptied").Why!.Code);
        Assert.Equal((5, 0), (Of(lost, "emptied").RowsThen, Of(lost, "emptied").RowsNow));
        Assert.Equal("backups.lost.other-table", Of(lost, "made_again").Why!.Code);
        Assert.Equal(0, Of(lost, "idle").Rows);
        Assert.Null(lost.Total);

        var promoted = manifest with
        {
            Identity = manifest.Identity with { Timeline = manifest.Identity.Timeline + 1 },
        };
        var after = await LostWritesReader.ReadAsync(session, promoted, TimeProvider.System, default);
        Assert.All(after.Tables, t => Assert.Equal("backups.lost.other-server", t.Why!.Code));
        Assert.All(after.Tables, t => Assert.Null(t.Rows));
        Assert.Null(after.Total);

        await database.ExecuteAsync("select pg_stat_reset()");
        after = await SettledAsync(
            session,
            manifest,
            l => l.Tables.All(t => t.Why?.Code == "backups.lost.statistics-reset")
        );
        Assert.All(after.Tables, t => Assert.Equal("backups.lost.statistics-reset", t.Why!.Code));
        Assert.Null(after.Total);
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task While_somebody_elses_transaction_holds_its_counters_back_the_number_is_the_least(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        await database.ExecuteAsync("create table orders (id int)");
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        var manifest = await ManifestOfSettledAsync(session);

        // Sessions of the run's own, of whatever epoch, hold back nothing that a restore would lose.
        await using var own = await PostgresSession.OpenAsync(database.Target, "tidelock/01JDTEST/2", default);
        await own.ExecuteAsync("begin; select count(*) from public.orders", default);
        await Polling.UntilAsync(async () =>
            !(await LostWritesReader.CountersAsync(session, manifest, default)).AtLeast
        );

        await using (var writer = await database.ConnectAsync())
        {
            await using var write = new Npgsql.NpgsqlCommand("begin; insert into orders values (1), (2)", writer);
            await write.ExecuteNonQueryAsync();
            var held = await LostWritesReader.CountersAsync(session, manifest, default);
            Assert.Equal((0, true), (held.Whole, held.AtLeast));
            write.CommandText = "commit";
            await write.ExecuteNonQueryAsync();

            // It rests now, and may not have told yet.
            Assert.True((await LostWritesReader.ReadAsync(session, manifest, TimeProvider.System, default)).AtLeast);
        }

        await Polling.UntilAsync(async () =>
            await LostWritesReader.CountersAsync(session, manifest, default) is { Whole: 2, AtLeast: false }
        );
    }

    [Fact]
    public async Task What_was_prepared_and_not_committed_makes_the_number_the_least()
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["max_prepared_transactions"] = "2",
                },
            },
            CancellationToken.None
        );
        await using var database = await TestDatabase.CreateAsync(cluster);
        await database.ExecuteAsync("create table orders (id int)");
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        var manifest = await ManifestOfSettledAsync(session);
        await database.ExecuteAsync("begin; insert into orders values (1); prepare transaction 'later'");
        Assert.True((await LostWritesReader.CountersAsync(session, manifest, default)).AtLeast);

        await database.ExecuteAsync("commit prepared 'later'");

        await Polling.UntilAsync(async () =>
            await LostWritesReader.CountersAsync(session, manifest, default) is { Whole: 1, AtLeast: false }
        );
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Large_objects_are_among_what_is_lost_and_not_named_where_there_are_none(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        var none = await ManifestOfSettledAsync(session);
        Assert.Empty((await LostWritesReader.CountersAsync(session, none, default)).Tables);

        await database.ExecuteAsync("select lo_from_bytea(4711, decode(repeat('ab', 5000), 'hex'))");
        await Polling.UntilAsync(async () => await PagesAsync(session, none) == 3);
        var manifest = await Manifests.OfAsync(session);
        Assert.Empty((await LostWritesReader.CountersAsync(session, manifest, default)).Tables);
        await database.ExecuteAsync("select lo_put(4711, 0, 'changed'), lo_from_bytea(4712, 'new')");
        await Polling.UntilAsync(async () => await PagesAsync(session, manifest) == 2);
        Assert.True(await LostWritesReader.CountersAsync(session, manifest, default) is { Whole: 0, AtLeast: true });
        Assert.Equal(
            ["pg_catalog.pg_largeobject"],
            (await LostWritesReader.OthersAsync(session, manifest, default)).Select(t => t.ToString())
        );
        await database.ExecuteAsync("select lo_unlink(4711), lo_unlink(4712)");
        await Polling.UntilAsync(async () => await PagesAsync(session, manifest) == 6);

        // Of a backup that an earlier version took nothing of it is known.
        await database.ExecuteAsync("select lo_create(4713)");
        var old = await LostWritesReader.CountersAsync(session, manifest with { Others = null }, default);
        Assert.Equal("backups.lost.not-noted", Assert.Single(old.Tables).Why!.Code);
        Assert.Null(old.Whole);
    }

    [Fact]
    public async Task What_extensions_keep_as_their_configuration_is_among_what_is_lost()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            """
            create table settings (name text); create table cache (name text);
            alter extension plpgsql add table settings; alter extension plpgsql add table cache;
            update pg_extension set extconfig = array['settings'::regclass::oid], extcondition = array[''] where extname = 'plpgsql'
            """
        );
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        var manifest = await Manifests.OfAsync(session);
        await database.ExecuteAsync("insert into settings values ('a'), ('b'); insert into cache values ('c')");

        await Polling.UntilAsync(async () =>
            (await LostWritesReader.CountersAsync(session, manifest, default)).Total == 2
        );

        var lost = await LostWritesReader.ReadAsync(session, manifest, TimeProvider.System, default);
        Assert.Equal("settings", Assert.Single(lost.Tables).Table.Name);
    }

    [Fact]
    public async Task What_the_statistics_do_not_tell_yet_is_seen_by_counting()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create table orders (id int)");
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        var manifest = await ManifestOfSettledAsync(session);
        await database.ExecuteAsync("insert into orders select generate_series(1, 9)");
        await Polling.UntilAsync(async () =>
            (await LostWritesReader.CountersAsync(session, manifest, default)).Total == 9
        );

        // As if the server's statistics had come to know of two of the nine so far.
        var orders = Assert.Single(manifest.Tables);
        var behind = manifest with { Tables = [orders with { Inserted = orders.Inserted + 7 }] };
        var lost = await LostWritesReader.ReadAsync(session, behind, TimeProvider.System, default);
        var counters = await LostWritesReader.CountersAsync(session, behind, default);

        Assert.Equal(2, Assert.Single(lost.Tables).Counted!.Total);
        Assert.Equal(9, lost.Total);
        Assert.Equal(2, counters.Total);
    }

    [Fact]
    public async Task A_truncated_table_is_unknown_and_never_nothing()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync("truncate exam_results");
        var lost = await ReadAsync(exam, backup);
        var results = lost.Tables.Single(t => t.Table.Name == "exam_results");
        Assert.Null(results.Counted);
        Assert.Equal("backups.lost.rewritten", results.Why!.Code);
        Assert.Null(lost.Total);
    }

    [Fact]
    public async Task A_table_that_is_gone_is_unknown_and_one_that_is_new_is_named_and_not_in_the_total()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync(
            """
            create table newcomer as select n from generate_series(1, 7) n;
            insert into exam_results (student, answers) values ('new', '[]');
            """
        );

        var lost = await SettledAsync(
            exam,
            backup,
            l => l.Tables.Any(t => t is { IsNew: true, Counted.Total: 7 }) && l.Total == 1
        );
        Assert.Equal("newcomer", Assert.Single(lost.Tables, t => t.IsNew).Table.Name);

        await exam.Database.ExecuteAsync("""drop table "exam data"."odd ""name";""");
        lost = await ReadAsync(exam, backup);
        var gone = lost.Tables.Single(t => t.Table.Name == "odd \"name");
        Assert.Equal("backups.lost.gone", gone.Why!.Code);
        Assert.Null(gone.Counted);
        Assert.Null(lost.Total);
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task A_new_partition_or_heir_of_what_the_backup_holds_falls_with_it_and_all_its_rows_are_lost(
        int major
    )
    {
        await using var database = await server.CreateDatabaseAsync(major);
        await database.ExecuteAsync(
            """
            create table events (id int, month int) partition by list (month);
            create table notes (id int);
            insert into notes values (0);
            """
        );
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        var manifest = await ManifestOfSettledAsync(session);
        await database.ExecuteAsync(
            """
            create table events_1 partition of events for values in (1) partition by list (id);
            create table events_1_1 partition of events_1 for values in (1);
            create table notes_more () inherits (notes);
            create table other (id int) partition by list (id);
            create table other_1 partition of other for values in (1);
            insert into events select 1, 1 from generate_series(1, 50);
            insert into notes_more select generate_series(1, 3);
            insert into other values (1);
            """
        );

        // On 14 a session tells what it has written with a later statement.
        await Polling.UntilAsync(async () =>
        {
            await database.ExecuteAsync("select 1");
            var counters = await LostWritesReader.CountersAsync(session, manifest, default);
            return Of(counters, "other_1").Rows == 1;
        });
        var lost = await LostWritesReader.ReadAsync(session, manifest, TimeProvider.System, default);

        Assert.Equal(53, lost.Total);
        Assert.Equal(["events_1_1", "notes_more"], lost.Tables.Where(t => t.Falls).Select(t => t.Table.Name));
        Assert.Equal(50, Of(lost, "events_1_1").RowsNow);
        Assert.Equal("other_1", Assert.Single(lost.Tables, t => t.IsNew).Table.Name);
    }

    [Fact]
    public async Task The_newest_values_are_read_for_five_seconds_in_all_and_of_the_largest_losses_first()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await exam.Database.ExecuteAsync(
            """
            create table small (created_at timestamptz); create table middle (created_at timestamptz);
            create table large (created_at timestamptz); create table idle (created_at timestamptz);
            """
        );
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync(
            """
            insert into small values (now());
            insert into middle select now() from generate_series(1, 10);
            insert into large select now() from generate_series(1, 20);
            """
        );
        await SettledAsync(exam, backup, l => l.Total == 31);

        await using var session = await exam.OpenAsync();
        var lost = await LostWritesReader.ReadAsync(
            session,
            backup.Manifest!,
            new SlowTime(TimeSpan.FromSeconds(2)),
            CancellationToken.None
        );

        Assert.Equal(["large", "middle"], lost.Tables.Where(t => t.NewestAt is not null).Select(t => t.Table.Name));
        Assert.Equal(31, lost.Total);
    }

    [Fact]
    public async Task After_statistics_were_reset_all_is_unknown()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync("select pg_stat_reset()");
        var lost = await ReadAsync(exam, backup);
        Assert.All(lost.Tables, t => Assert.Equal("backups.lost.statistics-reset", t.Why!.Code));
        Assert.Null(lost.Total);
    }

    [Fact]
    public async Task Where_the_server_does_not_count_for_somebody_all_is_unknown()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync(
            $"alter role postgres in database {exam.Database.Name} set track_counts = off"
        );
        var lost = await ReadAsync(exam, backup);
        Assert.All(lost.Tables, t => Assert.Equal("backups.lost.uncounted", t.Why!.Code));
        Assert.Null(lost.Total);
    }

    [Fact]
    public async Task After_a_crash_of_the_server_all_is_unknown()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var database = await TestDatabase.CreateAsync(cluster);
        await using var exam = await ExamDatabase.CreateAsync(database);
        var backup = await exam.TakeAsync();
        // A throwaway server does not wait for its log: without this the crash could take the tables with it.
        await exam.Database.ExecuteAsync("checkpoint");
        await cluster.RestartAsync("immediate", CancellationToken.None);
        var lost = await ReadAsync(exam, backup);
        Assert.Equal(2, lost.Tables.Count);
        Assert.All(lost.Tables, t => Assert.Equal("backups.lost.statistics-reset", t.Why!.Code));
    }

    [Fact]
    public async Task After_an_orderly_restart_the_count_goes_on()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var database = await TestDatabase.CreateAsync(cluster);
        await using var exam = await ExamDatabase.CreateAsync(database);
        var backup = await exam.TakeAsync();
        await exam.Database.ExecuteAsync("delete from exam_results where id = 1");
        await cluster.RestartAsync("fast", CancellationToken.None);
        Assert.Equal(1, (await ReadAsync(exam, backup)).Total);
    }

    /// <summary>A session of 14 tells with its next statement what it wrote.</summary>
    private static async Task<long?> PagesAsync(PostgresSession session, BackupManifest manifest) =>
        (await LostWritesReader.CountersAsync(session, manifest, default))
            .Tables.SingleOrDefault(t => t.Table.Name == "pg_largeobject")
            ?.Rows;

    private static LostTableWrites Of(LostWrites lost, string table) => lost.Tables.Single(t => t.Table.Name == table);

    /// <summary>
    /// Once the server knows of all that was written before. On 14 a new database has no statistics at all until somebody has told some, and their
    /// beginning is that of another life.
    /// </summary>
    private static async Task<BackupManifest> ManifestOfSettledAsync(PostgresSession session)
    {
        var manifest = await Manifests.OfAsync(session);
        await Polling.UntilAsync(async () =>
        {
            manifest = await Manifests.OfAsync(session);
            return manifest.Tables.All(t => t.Rows == t.Inserted)
                && (manifest.StatisticsSince?.Database is not null || session.Connection.PostgreSqlVersion.Major > 14);
        });
        return manifest;
    }

    private static async Task<LostWrites> SettledAsync(
        PostgresSession session,
        BackupManifest manifest,
        Func<LostWrites, bool> settled
    )
    {
        var lost = await LostWritesReader.ReadAsync(session, manifest, TimeProvider.System, default);
        await Polling.UntilAsync(async () =>
            settled(lost = await LostWritesReader.ReadAsync(session, manifest, TimeProvider.System, default))
        );
        return lost;
    }

    /// <summary>The server writes its counters with a delay of up to a second.</summary>
    private static async Task<LostWrites> SettledAsync(ExamDatabase exam, Backup backup, Func<LostWrites, bool> settled)
    {
        var lost = await ReadAsync(exam, backup);
        await Polling.UntilAsync(async () => settled(lost = await ReadAsync(exam, backup)));
        return lost;
    }

    private static async Task<LostWrites> ReadAsync(ExamDatabase exam, Backup backup)
    {
        await using var session = await exam.OpenAsync();
        return await LostWritesReader.ReadAsync(session, backup.Manifest!, TimeProvider.System, CancellationToken.None);
    }
}
