using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Contents;

public sealed class ContentComparisonTests(PostgresServer server)
{
    private const string Table = """
        create table t (k int primary key, a int, b text);
        insert into t select n, n % 7, 'b' || n from generate_series(1, 100) n;
        """;

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task A_change_is_told_by_column_with_its_rows_and_an_example(int major)
    {
        await using var bench = await ContentBench.CreateAsync(server, Table, major);
        var found = await bench.CompareAsync(
            "select * from t",
            "select k, case when k in (40, 80) then null else a end as a, b from t"
        );
        Assert.False(found.AsDeclared);
        Assert.Equal((100, 100, 0, 0), (found.OldRows, found.NewRows, found.OnlyOld, found.OnlyNew));
        Assert.Equal(
            new ColumnFindings(
                "a",
                ContentStanding.Changed,
                ContentExpectation.Same,
                2,
                new ContentExample("(40)", "5", null)
            ),
            found.Columns[0]
        );
        Assert.Equal(ContentStanding.Same, found.Columns[1].Standing);
        Assert.Contains("a ×2 (40): 5 → NULL", found.Summary.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Values_among_equal_sums_that_change_places_are_seen()
    {
        await using var bench = await ContentBench.CreateAsync(server, "create table t (k int, a int, b int)");
        await bench.Database.ExecuteAsync("insert into t values (1, 1, 9), (2, 9, 1), (3, 4, 6), (4, 6, 4)");
        var found = await bench.CompareAsync("select * from t", "select k, b as a, a as b from t");
        Assert.Equal([4L, 4L], found.Columns.Select(c => c.Rows));
    }

    [Fact]
    public async Task Keys_that_change_places_are_seen_in_their_columns()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        bench.Options = ContentBench.Same("k", "a");
        var found = await bench.CompareAsync(
            "select * from t where k < 3",
            "select 3 - k as k, 3 - a as a, b from t where k < 3"
        );
        Assert.Equal((0, 2L), (found.OnlyOld, found.Columns[0].Rows));
    }

    [Fact]
    public async Task Rows_that_go_and_come_are_counted_with_examples_and_the_others_compared()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        const string New = "select k, a, b from t where k > 2 union all select 1000, 1, 'new'";
        var found = await bench.CompareAsync("select * from t", New);
        Assert.False(found.AsDeclared);
        Assert.Equal((2L, 1L), (found.OnlyOld, found.OnlyNew));
        Assert.Equal(("(1)", "(1000)"), (found.OnlyOldExample, found.OnlyNewExample));
        Assert.All(found.Columns, c => Assert.Equal(ContentStanding.Same, c.Standing));

        bench.Options = bench.Options with { Rows = ContentExpectation.Changed };
        Assert.True((await bench.CompareAsync("select * from t", New)).AsDeclared);
    }

    [Fact]
    public async Task As_many_rows_with_other_keys_are_not_the_same()
    {
        await using var bench = await ContentBench.CreateAsync(server, "create table t (k int)");
        await bench.Database.ExecuteAsync("insert into t values (1), (2)");
        var found = await bench.CompareAsync("select * from t", "select k + 1 as k from t");
        Assert.False(found.AsDeclared);
        Assert.Equal((1L, 1L), (found.OnlyOld, found.OnlyNew));
    }

    [Theory]
    [InlineData("random()", "random()")]
    [InlineData("now()", "now()")]
    [InlineData("clock_timestamp()", "'2026-01-01'::timestamptz")]
    public async Task What_differs_from_itself_is_unstable_and_has_not_passed(string old, string @new)
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        var found = await bench.CompareAsync($"select k, a, {old} as b from t", $"select k, a, {@new} as b from t");
        Assert.Null(found.Problem);
        Assert.False(found.AsDeclared);
        Assert.Equal([ContentStanding.Same, ContentStanding.Unstable], found.Columns.Select(c => c.Standing));

        bench.Options = ContentBench.Expecting(["k"], "b");
        Assert.True(
            (await bench.CompareAsync($"select k, a, {old} as b from t", $"select k, a, {@new} as b from t")).AsDeclared
        );
    }

    [Fact]
    public async Task A_new_definition_that_is_unstable_has_not_passed()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        Assert.False(
            (await bench.CompareAsync("select * from t", "select k, a, random()::text as b from t")).AsDeclared
        );
    }

    [Fact]
    public async Task Rows_that_come_and_go_by_chance_are_unknown()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        const string Chance = "select * from t where random() < 0.5";
        var found = await bench.CompareAsync(Chance, Chance);
        Assert.False(found.AsDeclared);
        Assert.Equal("contracts.compare.rows-unstable", found.Problem?.Code);
    }

    [Theory]
    [InlineData("select k % 50 as k, a, b from t", "select * from t", "contracts.compare.key-doubles", "(1)")]
    [InlineData("select * from t", "select * from t union all table t", "contracts.compare.key-doubles", "(1)")]
    [InlineData("select nullif(k, 5) as k, a, b from t", "select * from t", "contracts.compare.key-null", null)]
    [InlineData("select * from t", "select nullif(k, 5) as k, a, b from t", "contracts.compare.key-null", null)]
    [InlineData("select * from t", "select k as id, a, b from t", "contracts.compare.key-missing", null)]
    public async Task A_key_that_cannot_match_rows_is_unknown(string old, string @new, string code, string? example)
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        var found = await bench.CompareAsync(old, @new);
        Assert.False(found.AsDeclared);
        Assert.Equal(code, found.Problem?.Code);
        Assert.True(
            example is null
                || found.Problem!.Arguments["example"] == example
                || found.Problem.Arguments["example"] == "(0)"
        );
    }

    [Fact]
    public async Task An_expectation_of_a_column_that_neither_side_has_is_unknown()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        bench.Options = ContentBench.Expecting(["k"], "scores");
        var found = await bench.CompareAsync("select * from t", "select * from t");
        Assert.Equal("contracts.compare.expect-unknown", found.Problem?.Code);
    }

    [Fact]
    public async Task A_column_that_is_gone_must_be_allowed_and_a_new_one_is_listed()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        const string New = "select k, b, 1 as more from t";
        var found = await bench.CompareAsync("select * from t", New);
        Assert.False(found.AsDeclared);
        Assert.Equal(
            [ContentStanding.Gone, ContentStanding.Same, ContentStanding.Added],
            found.Columns.Select(c => c.Standing)
        );
        bench.Options = ContentBench.Expecting(["k"], "a");
        Assert.True((await bench.CompareAsync("select * from t", New)).AsDeclared);
    }

    [Fact]
    public async Task Two_empty_sides_are_the_same_and_an_emptied_one_is_not()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        var empty = await bench.CompareAsync("select * from t where false", "select * from t where k < 0");
        Assert.True(empty.AsDeclared);
        Assert.Equal((0, 0), (empty.OldRows, empty.NewRows));
        var emptied = await bench.CompareAsync("select * from t", "select * from t where k < 0");
        Assert.False(emptied.AsDeclared);
        Assert.Equal(100, emptied.OnlyOld);
    }

    [Fact]
    public async Task Names_with_quotes_and_of_other_scripts_are_compared()
    {
        await using var bench = await ContentBench.CreateAsync(
            server,
            """"
            create schema "그 ""학교""";
            create table "그 ""학교"""."성적 표" ("학생 ""번호""" int, "o'점수\" numeric, "row" text, "k" int, "tidelock_row" int);
            insert into "그 ""학교"""."성적 표" select n, n, 'x' || n, n, n from generate_series(1, 9) n;
            """"
        );
        bench.Options = ContentBench.Same("학생 \"번호\"");
        var relation = new RelationName("그 \"학교\"", "성적 표");
        var (same, _) = await bench.ComparisonAsync(null, ContentSide.Of(relation), ContentSide.Of(relation));
        Assert.True(same.AsDeclared, same.Summary.ToString());
        var (other, _) = await bench.ComparisonAsync(
            null,
            ContentSide.Of(relation),
            ContentSide.Inlined(
                """"select "학생 ""번호""", "o'점수\" + 1 as "o'점수\", "row", "k", "tidelock_row" from "성적 표" -- all"""",
                "그 \"학교\""
            )
        );
        Assert.Equal("o'점수\\", Assert.Single(other.Columns, c => c.Standing == ContentStanding.Changed).Name);
    }

    [Theory]
    [InlineData("select k, (10 / (k - 50))::int as a, b from t", "22012")]
    [InlineData("select * from t; drop table t", "42601")]
    [InlineData("select * from t) x, (select 1", "42601")]
    [InlineData("delete from t returning *", "42601")]
    [InlineData("select k, a, b, a as a from t", null)]
    [InlineData("select k, nothing from t", "42703")]
    [InlineData("select * from t for update", "25006")]
    [InlineData("select nextval('s')::int as k, a, b from t", "25006")]
    public async Task What_cannot_be_read_to_its_last_row_is_unknown_and_changes_nothing(
        string definition,
        string? state
    )
    {
        await using var bench = await ContentBench.CreateAsync(server, Table + "create sequence s;");
        var found = await bench.CompareAsync("select * from t", definition);
        Assert.False(found.AsDeclared);
        Assert.NotNull(found.Problem);
        Assert.True(state is null || found.Problem.Arguments["state"] == state, found.Problem.ToString());
        Assert.Equal(100L, await bench.Database.ScalarAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task What_takes_longer_than_its_limit_is_unknown()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        bench.Options = bench.Options with { Within = TimeSpan.FromMilliseconds(300) };
        var found = await bench.CompareAsync("select * from t", "select k, a, b from t, pg_sleep(30)");
        Assert.Equal("contracts.compare.timeout", found.Problem?.Code);
    }

    [Fact]
    public async Task Both_sides_are_read_in_one_snapshot_whatever_is_written_meanwhile()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        using var over = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var writing = WriteAsync(bench.Database, begun, over.Token);
        await Task.WhenAny(begun.Task, writing);
        for (var i = 0; i < 5; i++)
        {
            var found = await bench.CompareAsync("select * from t", "select k, a, b from t, (select pg_sleep(0.05)) s");
            Assert.True(found.AsDeclared, found.Summary.ToString());
        }

        await over.CancelAsync();
        Assert.True(await writing > 1);
    }

    [Fact]
    public async Task Rows_are_read_as_the_owner_so_that_row_security_hides_the_same()
    {
        await using var bench = await ContentBench.CreateAsync(
            server,
            Table
                + """
                do $$ begin create role content_owner; exception when duplicate_object then null; end $$;
                do $$ begin create role content_stranger login; exception when duplicate_object then null; end $$;
                alter table t enable row level security;
                create policy few on t for select to content_owner using (k <= 10);
                grant select on t to content_owner;
                """
        );
        Assert.Equal(100, (await bench.CompareAsync("select * from t", "select * from t")).OldRows);
        Assert.Equal(10, (await bench.CompareAsync("select * from t", "select * from t", "content_owner")).OldRows);

        var comparison = new ContentComparison(
            bench.Options,
            token => PostgresSession.OpenAsync(bench.Database.TargetAs("content_stranger"), "t", token),
            TimeProvider.System,
            _ => { }
        );
        var side = ContentSide.Of(new RelationName("public", "t"));
        var (found, _) = await comparison.CompareAsync(
            new RelationName("public", "t"),
            "content_owner",
            side,
            side,
            CancellationToken.None
        );
        Assert.Equal("contracts.compare.role", found.Problem?.Code);
    }

    [Fact]
    public async Task A_sample_without_a_row_says_nothing()
    {
        await using var bench = await ContentBench.CreateAsync(server, "create table t as select 1 as k, 2 as a");
        bench.Options = bench.Options with { Sample = 0.000001 };
        var found = await bench.CompareAsync("select * from t", "select k, a + 1 as a from t");
        Assert.Equal("contracts.compare.sample-empty", found.Problem?.Code);
        Assert.False(found.AsDeclared);
    }

    [Fact]
    public async Task A_sample_compares_all_keys_and_a_part_of_the_values_and_says_so()
    {
        await using var bench = await ContentBench.CreateAsync(
            server,
            "create table t as select n as k, n as a, n as b from generate_series(1, 20000) n"
        );
        bench.Options = bench.Options with { Sample = 0.05 };
        var same = await bench.CompareAsync("select * from t", "select * from t");
        Assert.True(same.AsDeclared);
        Assert.InRange(same.Sampled!.Value, 700, 1300);
        Assert.Equal("contracts.compare.sampled", same.Summary.Code);
        Assert.DoesNotContain("same in every row", string.Join('\n', same.Lines), StringComparison.Ordinal);

        var changed = await bench.CompareAsync("select * from t", "select k, a + 1 as a, b from t");
        Assert.Equal(same.Sampled, Assert.Single(changed.Columns, c => c.Standing == ContentStanding.Changed).Rows);

        var gone = await bench.CompareAsync("select * from t", "select * from t where k <> 12345");
        Assert.False(gone.AsDeclared);
        Assert.Equal((1L, "(12345)"), (gone.OnlyOld, gone.OnlyOldExample));
    }

    [Fact]
    public async Task Counts_can_be_taken_of_the_new_side_on_the_way()
    {
        await using var bench = await ContentBench.CreateAsync(server, Table);
        var side = ContentSide.Of(new RelationName("public", "t"));
        var (_, also) = await bench.ComparisonAsync(
            null,
            side,
            side,
            "count(*) filter (where tidelock_row.a = 0)",
            "7"
        );
        Assert.Equal([14L, 7L], also);
    }

    [Fact]
    public async Task One_value_of_200000_rows_is_found()
    {
        await using var bench = await ContentBench.CreateAsync(
            server,
            "create table t as select n as k, n % 10 as a, md5(n::text) as b, now() as c from generate_series(1, 200000) n"
        );
        var found = await bench.CompareAsync(
            "select * from t",
            "select k, case when k = 123456 then a + 1 else a end as a, b, c from t"
        );
        Assert.Equal(200_000, found.NewRows);
        Assert.Equal(
            ("a", 1L, new ContentExample("(123456)", "6", "7")),
            Assert.Single(found.Columns, c => c.Standing == ContentStanding.Changed) switch
            {
                var c => (c.Name, c.Rows!.Value, c.Example!),
            }
        );
    }

    [Fact]
    public async Task A_long_comparison_says_what_it_expects_and_how_old_its_snapshot_is()
    {
        await using var bench = await ContentBench.CreateAsync(server, "create table t as select 1 as k, 2 as a");
        await bench.Database.ExecuteAsync(
            """
            analyze t;
            create function let_go() returns boolean language plpgsql as
            'begin while not pg_try_advisory_xact_lock_shared(7) loop perform pg_sleep(0.01); end loop; return true; end'
            """
        );
        var time = new FakeTimeProvider();
        bench.Time = time;

        await using var holder = await bench.Database.ConnectAsync();
        await using (var hold = new NpgsqlCommand("select pg_advisory_lock(7)", holder))
        {
            await hold.ExecuteNonQueryAsync();
        }

        var running = bench.CompareAsync("select k, a from t where let_go()", "select k, a from t");
        await bench.Database.UntilAsync(
            "select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')"
        );

        // Whoever tells may begin to wait only after the server has begun to work: a step now and then, and none that comes near the limit.
        var looks = 0;
        await Polling.UntilAsync(() =>
        {
            if (looks++ % 25 == 0 && looks < 125)
            {
                time.Advance(TimeSpan.FromSeconds(10));
            }

            return Task.FromResult(bench.Reports.Any(r => r.StartsWith("still comparing", StringComparison.Ordinal)));
        });
        await holder.DisposeAsync();
        Assert.True((await running).AsDeclared);

        Assert.Contains(bench.Reports, r => r.Contains("about 1 and 1 rows", StringComparison.Ordinal));
        Assert.Contains(
            bench.Reports,
            r =>
                r.StartsWith("still comparing the content of public.v: ", StringComparison.Ordinal)
                && r.Contains("0 s of 2 min", StringComparison.Ordinal)
        );
    }

    private static async Task<int> WriteAsync(TestDatabase database, TaskCompletionSource begun, CancellationToken over)
    {
        await using var connection = await database.ConnectAsync();
        var written = 0;
        while (!over.IsCancellationRequested)
        {
            await using var command = new NpgsqlCommand(
                "update t set a = a + 1 where k = 5; delete from t where k = 6; insert into t values (6, 1, 'again')",
                connection
            );
            await command.ExecuteNonQueryAsync(CancellationToken.None);
            written++;
            begun.TrySetResult();
        }

        return written;
    }
}
