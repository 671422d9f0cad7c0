using Npgsql;
using Tidelock.Backups;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Examples;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>The whole way of a change on a backup's data.</summary>
public sealed class DataRehearsalTests(PostgresServer server)
{
    private const string Scores = """
        create table public.results (id int primary key, name text not null, score numeric);
        insert into public.results select n, 'n' || n, n % 7 from generate_series(1, 300) n;
        create table public.notes (id int primary key, of_result int references public.results, text text);
        insert into public.notes select n, n, 'x' from generate_series(1, 20) n;
        create view public.scores as select score, id, name from public.results;
        comment on view public.scores is 'as they were';
        create view public.top_scores as select id, score from public.scores where score > 5;
        grant select on public.scores to public;
        analyze;
        """;

    private const string View = "migration:\n  view: { name: public.scores, definition: new.sql }\n";
    private const string New = "select id::bigint as id, name, score from public.results";
    private const string DownWithoutGrant = """
        drop view public.top_scores;
        drop view public.scores;
        create view public.scores as select score, id, name from public.results;
        comment on view public.scores is 'as they were';
        create view public.top_scores as select id, score from public.scores where score > 5;
        """;

    [Fact]
    public async Task The_example_goes_the_whole_way_on_its_data_and_the_proof_is_kept()
    {
        await using var data = new DataBench(await RehearsalBench.AttemptAsync(server));
        await data.Bench.Database.ExecuteAsync(
            "set seedtest.results = '300';" + AttemptViewExample.Read("generate.sql")
        );
        var change = data.Bench.Change(AttemptViewExample.Folder);
        var before = await data.Bench.Views.CatalogAsync();
        var backup = await data.TakeAsync(change);

        var record = await data.RehearseAsync(backup, change: change);

        DataBench.AssertWhole(record);
        Assert.All(record.Parts.Where(p => p.Part != RehearsalPart.Counts), p => Assert.True(p.Took > TimeSpan.Zero));
        Assert.True(record.RestoreTook > TimeSpan.Zero);
        Assert.True(record.WholeTook > record.RestoreTook);
        Assert.True(record.TablesCompared > 0);
        Assert.Contains("definition", record.Parts[5].Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await data.Bench.Views.CatalogAsync());
        Assert.Empty(Directory.GetFileSystemEntries(data.Place));
        var kept = Backup.Open(backup.Path).Rehearsal()!;
        Assert.True(kept.Proves(change.Digest));
        Assert.False(kept.Proves("another"));
        Assert.Equal(record.Parts, kept.Parts);
        Assert.Equal(("kim", "definition"), (kept.By, kept.Method));
    }

    [Fact]
    public async Task A_down_file_that_loses_a_grant_is_refused_on_the_data_and_nothing_is_kept()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(View + "  down: down.sql\nrollback: { method: downgrade }")
            .With("new.sql", New)
            .With("down.sql", DownWithoutGrant);
        var backup = await data.TakeAsync();

        var record = await data.RehearseAsync(backup);

        Assert.Equal(RehearsalPart.FixPoints, record.Failed!.Part);
        Assert.Equal("rehearsals.not-back", record.Failed.Finding.Code);
        Assert.Contains("grant to PUBLIC by", record.Failed.Finding.ToString(), StringComparison.Ordinal);
        Assert.Null(Backup.Open(backup.Path).Rehearsal());
    }

    [Theory]
    [InlineData(
        "alter table results add constraint positive check (score > 0)",
        "alter table results drop constraint positive",
        RehearsalPart.Migrate,
        "positive"
    )]
    [InlineData(
        "alter table results add column more int",
        "alter table results drop column more; update results set score = 0 where id = 7",
        RehearsalPart.FixPoints,
        "other values"
    )]
    [InlineData(
        "alter table results add column more int",
        "alter table results drop column more; delete from notes where id = 7",
        RehearsalPart.FixPoints,
        "20"
    )]
    public async Task What_only_the_data_show_is_found_before_the_change(
        string up,
        string down,
        RehearsalPart part,
        string mentions
    )
    {
        await using var data = await DataBench.CreateAsync(
            server,
            Scores + "update results set score = 9 where id = 7"
        );
        data.Bench.Declaring("migration: { sql: { up: up.sql, down: down.sql } }\nrollback: { method: downgrade }")
            .With("up.sql", up)
            .With("down.sql", down);
        Assert.Null((await data.Bench.RehearseAsync()).Problem);

        var record = await data.RehearseAsync();

        Assert.Equal(part, record.Failed?.Part);
        Assert.Contains(mentions, record.Failed!.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(record.Parts[^1], record.Failed);
    }

    [Fact]
    public async Task A_contract_that_these_rows_break_is_found_after_the_change_on_the_copy()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(
                View
                    + """
                    contract:
                      relation: public.scores
                      columns: [{ name: id, type: bigint }, { name: name, type: text }, { name: score, type: numeric }]
                      unique: [[score]]
                    smoke: [{ name: ids are large, sql: "select id from scores where pg_typeof(id) = 'bigint'::regtype", rows: "> 0" }]
                    """
            )
            .With("new.sql", New);

        var record = await data.RehearseAsync();

        Assert.Equal(RehearsalPart.Verify, record.Failed?.Part);
        Assert.Equal("rehearsals.data.contract", record.Failed!.Finding.Code);
        Assert.Contains(record.Notes, n => n.Code == "rehearsals.data.check-of-new");
    }

    [Fact]
    public async Task A_target_that_was_changed_since_its_backup_asks_for_another_backup()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(View).With("new.sql", New);
        var backup = await data.TakeAsync();
        await data.Bench.Database.ExecuteAsync("comment on view scores is 'another'");

        var record = await data.RehearseAsync(backup);

        Assert.Equal(RehearsalPart.Before, record.Failed?.Part);
        Assert.Equal("rehearsals.data.not-as-target", record.Failed!.Finding.Code);
        DataBench.AssertWhole(await data.RehearseAsync());
    }

    [Fact]
    public async Task Where_the_way_back_is_a_restore_the_same_backup_is_restored_once_more()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(
                "migration: { sql: { up: up.sql }, drops: [table public.notes] }\nrollback: { method: backup }"
            )
            .With("up.sql", "drop table notes; update results set score = 1");

        var record = await data.RehearseAsync();

        DataBench.AssertWhole(record);
        Assert.Contains("backup", record.Parts[5].Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("the tables counted: 2", record.Parts[6].Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_statements_goes_there_and_back_and_there_again()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(
                "migration: { sql: { up: up.sql, down: down.sql, transaction: none } }\nrollback: { method: downgrade }"
            )
            .With("up.sql", "create index concurrently results_by_name on public.results (name);")
            .With("down.sql", "drop index concurrently public.results_by_name;");

        DataBench.AssertWhole(await data.RehearseAsync());
    }

    [Fact]
    public async Task A_part_of_the_data_is_rehearsed_and_said_to_be_one()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(View + "gates: { backup: { rehearse: { tables: [public.results] } } }")
            .With("new.sql", New);

        var record = await data.RehearseAsync();

        DataBench.AssertWhole(record);
        Assert.Equal(["public.results"], record.Subset!.Tables);
        Assert.Equal(2, record.Subset.Of);
        Assert.Equal(1, record.TablesCompared);
        Assert.Contains("300 rows", record.Parts[2].Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("Only a part of the data", record.Parts[0].Finding.ToString(), StringComparison.Ordinal);

        data.Bench.Declaring(
                """
                migration: { sql: { up: up.sql } }
                rollback: { method: backup }
                gates: { backup: { rehearse: { tables: [public.results] } } }
                smoke: [{ name: some are best, sql: select id from public.results where score = 6, rows: "> 0" }]
                """
            )
            .With("up.sql", "update results set score = 1");
        var broken = await data.RehearseAsync();
        Assert.Equal(
            (RehearsalPart.Verify, "rehearsals.data.check"),
            (broken.Failed?.Part, broken.Failed?.Finding.Code)
        );

        data.Bench.Declaring(View + "gates: { backup: { rehearse: { tables: [public.no_such] } } }");
        Assert.Equal("rehearsals.data.no-table", (await data.RehearseAsync()).Failed!.Finding.Code);
    }

    [Fact]
    public async Task A_restore_in_place_is_rehearsed_over_the_changed_copy_as_it_would_be_done()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring("migration: { sql: { up: up.sql } }\nrollback: { method: in-place }")
            .With("up.sql", "alter table results add column more int; update results set score = 1");

        var record = await data.RehearseAsync();

        DataBench.AssertWhole(record);
        Assert.Equal("in-place", record.Method);
        Assert.Contains("in-place", record.Parts[5].Finding.ToString(), StringComparison.Ordinal);
        Assert.True(record.Parts[5].Took > TimeSpan.Zero);

        data.Bench.With("up.sql", "create table left_behind (id int)");
        var left = await data.RehearseAsync();
        Assert.Equal(
            (RehearsalPart.FixPoints, "rehearsals.object.left"),
            (left.Failed?.Part, left.Failed?.Finding.Code)
        );
        Assert.Contains("left_behind", left.Failed!.Finding.ToString(), StringComparison.Ordinal);

        data.Bench.With("up.sql", "create view in_the_way as select id from results");
        var stuck = await data.RehearseAsync();
        Assert.Equal((RehearsalPart.Back, "backups.restore.failed"), (stuck.Failed?.Part, stuck.Failed?.Finding.Code));
        Assert.Contains("in_the_way", stuck.Failed!.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypting_counts_as_restoring_and_has_to_end_in_time_too()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(View).With("new.sql", New);
        var (identity, recipient) = await AgeKeys.MakeAsync(Path.Combine(data.Folder, "identity"));
        data.Encryption = new DumpEncryption(EncryptionTool.Age, [recipient], identity, null);
        var backup = await data.TakeAsync();

        var record = await data.RehearseAsync(backup);

        DataBench.AssertWhole(record);
        Assert.Equal("rehearsals.data.decrypted", record.Parts[0].Finding.Code);
        data.Within = TimeSpan.FromMilliseconds(1);
        var late = await data.RehearseAsync(backup);
        Assert.Equal(
            (RehearsalPart.Restore, "rehearsals.data.timeout"),
            (late.Failed?.Part, late.Failed?.Finding.Code)
        );
        Assert.Empty(Directory.GetFileSystemEntries(data.Place));
    }

    [Fact]
    public async Task A_target_that_goes_away_in_the_middle_is_told_as_that_and_not_as_the_copys_fault()
    {
        await using var data = await DataBench.CreateAsync(server, Scores);
        data.Bench.Declaring(View).With("new.sql", New);
        var backup = await data.TakeAsync();
        var name = data.Bench.Database.Name;
        await using var admin = await PostgresSession.OpenAsync(server.Cluster.Target(), "test", default);
        await using var close = new NpgsqlCommand(
            $"alter database {name} with allow_connections false",
            admin.Connection
        );
        data.Begins = part =>
        {
            if (part == RehearsalPart.Counts)
            {
                // What has no manifest is compared with the target.
                close.ExecuteNonQuery();
            }
        };

        var lost = await Assert.ThrowsAsync<TargetLostException>(() =>
            data.RehearseAsync(backup with { Manifest = null })
        );

        await admin.ExecuteAsync($"alter database {name} with allow_connections true", default);
        Assert.Equal("rehearsals.data.target-lost", lost.Problem.Code);
        Assert.Empty(Directory.GetFileSystemEntries(data.Place));
    }

    [Fact]
    public async Task Nothing_on_the_copy_reaches_another_server_through_foreign_tables_and_what_was_left_out_is_said()
    {
        await using var other = await server.CreateDatabaseAsync();
        await other.ExecuteAsync(
            "create sequence touched; create view asked as select nextval('touched') as n, 7 as score"
        );
        await using var data = await DataBench.CreateAsync(
            server,
            Scores
                + $"""
                create extension postgres_fdw;
                create server other foreign data wrapper postgres_fdw options (host '{server.Cluster.SocketFolder}', port '{server.Cluster.Port}', dbname '{other.Name}');
                create user mapping for postgres server other options (user 'postgres');
                create foreign table theirs (n bigint, score int) server other options (table_name 'asked');
                create view both_of_them as select s.id, t.n from scores s join theirs t using (score);
                create materialized view kept as select n from theirs;
                create function asking() returns setof bigint language plpgsql as 'begin return query select t.n from THEIRS t; end';
                create function by_name(text) returns setof bigint language plpgsql as 'begin return query execute ''select n from '' || $1; end';
                create function parsed() returns bigint return (select max(n) from theirs);
                create materialized view kept_asking as select n from asking() n;
                create materialized view kept_by_name as select n from by_name('thei' || 'rs') n;
                create materialized view kept_parsed as select parsed() as n;
                create function added(int) returns int language sql as 'select $1 + 1';
                create materialized view filled as select added(1) as n;
                create table parted (n bigint, score int) partition by list (score);
                create foreign table parted_7 partition of parted for values in (7) server other options (table_name 'asked');
                """
        );
        data.Bench.Declaring(
                View
                    + """
                    smoke:
                      - { name: theirs too, sql: "select count(*) from both_of_them" }
                      - { name: kept, sql: "select count(*) from kept;" }
                      - { name: asking, sql: "select count(*) from asking()" }
                      - { name: filled, sql: "select 1 / count(*) from filled" }
                      - { name: ours, sql: "select count(*) from results" }
                    """
            )
            .With("new.sql", New);
        var backup = await data.TakeAsync();
        await other.ExecuteAsync("select setval('touched', 1, false)");

        var record = await data.RehearseAsync(backup);

        DataBench.AssertWhole(record);
        Assert.False(await other.ScalarAsync<bool>("select is_called from touched"));
        Assert.Equal(
            ["rehearsals.data.no-mappings", "rehearsals.data.unfilled", "rehearsals.data.check-foreign"],
            record.Notes.Select(n => n.Code)
        );
        Assert.Equal(
            "public.kept, public.kept_asking, public.kept_by_name, public.kept_parsed",
            Views(record.Notes[1])
        );
        Assert.Equal("theirs too, kept, asking", record.Notes[2].Arguments["queries"]);
        Assert.Contains("queries answered: 2", record.Parts[2].Finding.ToString(), StringComparison.Ordinal);
    }

    private static string Views(Message unfilled) =>
        string.Join(", ", $"{unfilled.Arguments["views"]}".Split(", ").Order(StringComparer.Ordinal));
}
