using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups.Losses;

public sealed class RescuingTests(PostgresServer server)
{
    private const string Run = "01JDK3V4Q8Z5W6X7Y8Z9A0B1C2";
    private const string Schema = "tidelock_rescue_01jdk3v4q8z5w6x7y8z9a0b1c2";

    private const string Tables = """
        create type mood as enum ('sad', 'ok', 'happy');
        create domain points as int check (value >= 0);
        create schema "odd schema";
        create table "odd schema"."odd ""name" (part text, id int, feeling mood, feelings mood[], score points, tags text[],
          doc jsonb, at timestamptz, big numeric(20, 3), raw bytea, place regclass, twice int generated always as (id * 2) stored,
          primary key (part, id));
        create table no_key (n int);
        create table touched (id int, v text, primary key (id) include (v));
        create table rewritten (id int primary key, v int);
        create table untouched (id int primary key);
        insert into "odd schema"."odd ""name" select 'a', n, 'ok', '{sad,happy}', n, array['x', null, 'y,"z'], '{"a": [1, null]}',
          '2026-01-01 00:00:00.123456+09', n / 3.0, '\x00ff0a', case n when 3 then 'no_key'::regclass end from generate_series(1, 5) n;
        insert into no_key select generate_series(1, 3);
        insert into touched select n, 'v' || n from generate_series(1, 3) n;
        insert into rewritten select n, n from generate_series(1, 4) n;
        insert into untouched select generate_series(1, 3);
        """;

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Rows_that_the_backup_has_not_seen_are_saved_by_key_and_no_others(int major)
    {
        await using var kept = await server.CreateDatabaseAsync(major);
        await using var restored = await server.CreateDatabaseAsync(major);
        await kept.ExecuteAsync(Tables);
        await restored.ExecuteAsync(Tables);
        await kept.SettleAsync();
        await kept.ExecuteAsync("vacuum (freeze)");
        var manifest = await BackedUpWhileWrittenAsync(kept);
        await kept.ExecuteAsync(
            """
            insert into "odd schema"."odd ""name" (part, id, feeling, feelings, raw) values ('b' || chr(9) || E'\n\\', 200, 'happy', '{happy}', '\x5c2e');
            update "odd schema"."odd ""name" set feeling = 'sad' where id = 1;
            delete from "odd schema"."odd ""name" where id = 2;
            insert into no_key values (9);
            update touched set v = v where id <= 2;
            alter table rewritten alter v type bigint;
            create table later (id int primary key);
            insert into later values (7);
            """
        );
        await kept.ExecuteAsync("vacuum (freeze)");

        var rescued = await SaveAsync(kept, restored, manifest);
        await AssertSavedAsync(kept, restored, rescued);

        // A program that was killed before it could journal the end does it again.
        await AssertSavedAsync(kept, restored, await SaveAsync(kept, restored, manifest));
    }

    private static async Task AssertSavedAsync(TestDatabase kept, TestDatabase restored, RescuedRows rescued)
    {
        Assert.Equal(Schema, rescued.Schema);
        Assert.Equal(
            [
                ("odd schema", 4, "odd schema.odd \"name"),
                ("public", 1, "public.later"),
                ("public", 4, "public.rewritten"),
            ],
            rescued.Saved.Select(t => (t.Table.Schema, t.Rows, t.Into))
        );
        Assert.Equal(("no_key", 1), rescued.WithoutKey.Select(t => (t.Table.Name, t.Rows)).Single());
        Assert.Equal(
            await kept.RowsAsync(
                """select t::text from "odd schema"."odd ""name" t where id in (1, 100, 101, 200) order by id"""
            ),
            await restored.RowsAsync($"""select t::text from {Schema}."odd schema.odd ""name" t order by id""")
        );
        Assert.Equal(
            [
                "part text",
                "id integer",
                "feeling text",
                "feelings text",
                "score text",
                "tags text[]",
                "doc jsonb",
                "at timestamp with time zone",
                "big numeric(20,3)",
                "raw bytea",
                "place text",
                "twice integer",
            ],
            await restored.RowsAsync(
                $"""
                select attname || ' ' || format_type(atttypid, atttypmod) from pg_attribute
                where attrelid = '{Schema}."odd schema.odd ""name"'::regclass and attnum > 0 order by attnum
                """
            )
        );
        Assert.Equal(
            "PRIMARY KEY (part, id)",
            await restored.ScalarAsync<string>(
                $"""
                select pg_get_constraintdef(oid) from pg_constraint
                where conrelid = '{Schema}."odd schema.odd ""name"'::regclass and contype = 'p'
                """
            )
        );
        Assert.Equal(
            3,
            await restored.ScalarAsync<long>($"select count(*) from pg_tables where schemaname = '{Schema}'")
        );
    }

    [Fact]
    public async Task In_its_own_database_rows_are_saved_before_they_are_lost_and_what_stays_is_left_alone()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(Tables);
        await database.SettleAsync();
        var manifest = await ManifestAsync(database);
        await database.ExecuteAsync(
            "update touched set v = 'new' where id = 1; create table later (id int primary key); insert into later values (7)"
        );

        var rescued = await SaveAsync(database, database, manifest);

        Assert.Equal(
            new RescuedTable(new RelationName("public", "touched"), 1, "public.touched"),
            Assert.Single(rescued.Saved)
        );
        Assert.Equal(["1|new"], await database.RowsAsync($"""select * from {Schema}."public.touched" """));
    }

    [Fact]
    public async Task A_table_that_cannot_be_read_is_named_and_its_rows_are_not_taken_for_saved()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(Tables);
        var manifest = await ManifestAsync(database);
        var role = "t_" + database.Name;
        await database.ExecuteAsync(
            $"""
            create role {role} login; grant create on database {database.Name} to {role};
            grant usage on schema "odd schema" to {role}; grant select on all tables in schema public, "odd schema" to {role};
            alter table touched enable row level security;
            """
        );
        try
        {
            var result = await TrySaveAsync(database.TargetAs(role), database.TargetAs(role), manifest);

            Assert.Null(result.Rows);
            Assert.Equal("rollbacks.rescue.failed", result.Problem!.Code);
            Assert.Equal("public.touched", result.Problem.Arguments["table"]);
        }
        finally
        {
            await database.ExecuteAsync($"drop owned by {role} cascade; drop role {role}");
        }
    }

    [Fact]
    public async Task What_a_rescue_will_fail_at_is_told_beforehand()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(Tables);
        var manifest = await ManifestAsync(database);
        var role = "t_" + database.Name;
        await database.ExecuteAsync($"create role {role} login");
        try
        {
            Assert.Null(await ObstacleAsync(database.Target, manifest));
            Assert.Equal("rollbacks.rescue.no-snapshot", (await ObstacleAsync(database.Target, null))!.Code);

            var mayNotMake = await ObstacleAsync(database.TargetAs(role), manifest);
            Assert.Equal("rollbacks.rescue.no-create", mayNotMake!.Code);
            Assert.Equal((role, Schema), (mayNotMake.Arguments["role"], mayNotMake.Arguments["schema"]));

            await database.ExecuteAsync(
                $"""
                grant create on database {database.Name} to {role}; grant usage on schema "odd schema" to {role};
                grant select on all tables in schema public, "odd schema" to {role}; revoke select on rewritten from {role};
                """
            );
            var mayNotRead = await ObstacleAsync(database.TargetAs(role), manifest);
            Assert.Equal("rollbacks.rescue.unreadable", mayNotRead!.Code);
            Assert.Equal("public.rewritten", mayNotRead.Arguments["table"]);

            await database.ExecuteAsync(
                $"grant select on rewritten to {role}; alter table touched enable row level security"
            );
            mayNotRead = await ObstacleAsync(database.TargetAs(role), manifest);
            Assert.Equal("public.touched", mayNotRead!.Arguments["table"]);

            await database.ExecuteAsync($"alter role {role} bypassrls");
            Assert.Null(await ObstacleAsync(database.TargetAs(role), manifest));
        }
        finally
        {
            await database.ExecuteAsync($"drop owned by {role} cascade; drop role {role}");
        }
    }

    [Fact]
    public async Task Large_objects_that_were_written_since_are_named_as_not_saved()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(Tables);
        var manifest = await ManifestAsync(database);
        Assert.Null((await SaveAsync(database, database, manifest)).Others);

        await database.ExecuteAsync("select lo_from_bytea(4711, 'new')");

        var rescued = await SaveAsync(database, database, manifest);
        Assert.Equal("pg_catalog.pg_largeobject", Assert.Single(rescued.Others!).ToString());
    }

    [Fact]
    public async Task Without_a_snapshot_of_this_very_database_nothing_is_guessed()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var other = await server.CreateDatabaseAsync();
        var manifest = await ManifestAsync(database);

        var old = await TrySaveAsync(database.Target, other.Target, manifest with { Snapshot = null });
        var foreign = await TrySaveAsync(other.Target, database.Target, manifest);

        Assert.Equal("rollbacks.rescue.no-snapshot", old.Problem!.Code);
        Assert.Equal("backups.lost.other-server", foreign.Problem!.Code);
    }

    [Fact]
    public async Task Side_tables_that_would_stop_a_subscriber_of_all_tables_are_not_made()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"{Tables} create publication everything for all tables");
        await database.CreateSlotAsync(database.Name);
        try
        {
            var result = await TrySaveAsync(database.Target, database.Target, await ManifestAsync(database));

            Assert.Equal("rollbacks.rescue.replicated", result.Problem!.Code);
            Assert.Null(await database.ScalarAsync<string>($"select to_regnamespace('{Schema}')::text"));
        }
        finally
        {
            await database.ExecuteAsync($"select pg_drop_replication_slot('{database.Name}')");
        }
    }

    /// <summary>While the backup is taken somebody has written a row, and another in a subtransaction, and commits both after it.</summary>
    private static async Task<BackupManifest> BackedUpWhileWrittenAsync(TestDatabase database)
    {
        await using var writer = await database.ConnectAsync();
        await RunAsync(
            writer,
            """
            begin; insert into "odd schema"."odd ""name" (part, id, feelings) values ('a', 100, '{}');
            savepoint s; insert into "odd schema"."odd ""name" (part, id) values ('a', 101); release savepoint s
            """
        );
        var manifest = await ManifestAsync(database);
        await RunAsync(writer, "commit");
        return manifest;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<BackupManifest> ManifestAsync(TestDatabase database)
    {
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        return await Manifests.OfAsync(session);
    }

    private static async Task<RescuedRows> SaveAsync(TestDatabase from, TestDatabase to, BackupManifest manifest)
    {
        var result = await TrySaveAsync(from.Target, to.Target, manifest);
        Assert.True(result.Problem is null, result.Problem?.ToString());
        return result.Rows!;
    }

    private static async Task<Tidelock.Texts.Message?> ObstacleAsync(PostgresTarget target, BackupManifest? manifest)
    {
        await using var session = await PostgresSession.OpenAsync(target, ExamDatabase.Run, default);
        return await RowRescue.ObstacleAsync(session, manifest, Run, isInPlace: true, default);
    }

    private static async Task<RescueResult> TrySaveAsync(
        PostgresTarget from,
        PostgresTarget to,
        BackupManifest manifest
    )
    {
        await using var reading = await PostgresSession.OpenAsync(from, ExamDatabase.Run, default);
        await using var writing = await PostgresSession.OpenAsync(to, ExamDatabase.Run, default);
        return await RowRescue.SaveAsync(reading, writing, manifest, Run, _ => { }, default);
    }
}
