using Npgsql;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Statements;

public sealed class StatementRunTests(PostgresServer server)
{
    private const string ByName = "create index concurrently by_name on results (name)";
    private const string UniqueName = "create unique index concurrently unique_name on results (name)";

    private static readonly LockBudget Short = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), 5);

    [Fact]
    public async Task Statements_that_cannot_run_in_a_transaction_run_one_by_one_and_each_is_marked_before_and_after()
    {
        await using var bench = await StatementBench.CreateAsync(server);

        var outcome = await bench.RunAsync(
            $"""
            -- for the new report; and the old
            {ByName};
            alter type mood add value 'bad';
            create table moods (of mood default 'bad'); -- the new value can be used at once
            vacuum (analyze) results;
            reindex table concurrently results;
            drop index concurrently by_name;
            """
        );

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal(
            Enumerable.Range(1, 6).SelectMany(n => new[] { $"{n} begun", $"{n} done" }),
            bench.Marks.Select(m => $"{m.Number} {m.State}")
        );
        Assert.Equal(["bad"], await bench.Database.RowsAsync("select enumlabel from pg_enum where enumlabel = 'bad'"));
        Assert.Empty(await bench.IndexesAsync());
    }

    [Fact]
    public async Task The_invalid_index_of_a_unique_violation_is_dropped_and_the_violation_is_told()
    {
        await using var bench = await StatementBench.CreateAsync(server);

        var outcome = await bench.RunAsync($"\n{UniqueName}");

        var failed = Assert.IsType<MigrationOutcome.Failed>(outcome);
        Assert.Equal(PostgresErrorCodes.UniqueViolation, failed.SqlState);
        Assert.Equal("migrations.statements.failed-dropped", failed.Finding.Code);
        Assert.StartsWith("up.sql:2:1: ", failed.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("unique_name", failed.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(await bench.IndexesAsync());
        Assert.Equal(StatementMark.Failed, bench.Marks[^1].State);
    }

    [Fact]
    public async Task What_was_done_before_the_statement_that_failed_is_told_as_halfway()
    {
        await using var bench = await StatementBench.CreateAsync(server);

        var outcome = await bench.RunAsync($"{ByName}; {UniqueName}; select frm");

        Assert.Contains(
            "1 of 3",
            Assert.IsType<MigrationOutcome.Halfway>(outcome).Finding.ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal(["by_name|True"], await bench.IndexesAsync());
    }

    [Fact]
    public async Task The_invalid_index_of_a_killed_try_is_dropped_and_the_index_is_made_again()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await using (var old = await bench.OldTransactionAsync())
        {
            var killed = bench.RunAsync(ByName);
            await bench.TerminateWaitingAsync();
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => killed);
        }

        Assert.Equal(StatementMark.Begun, bench.Marks[^1].State);
        Assert.Equal(["by_name|False"], await bench.IndexesAsync());
        var left = await bench.IdAsync("by_name");

        var outcome = await bench.RunAsync(ByName);

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal(["by_name|True"], await bench.IndexesAsync());
        Assert.NotEqual(left, await bench.IdAsync("by_name"));
        Assert.Contains(bench.Progress, m => m.Code == "migrations.statements.drops");
    }

    [Theory]
    [InlineData(ByName)]
    [InlineData("alter type mood add value 'bad'")]
    [InlineData("alter type public.mood add value if not exists 'it''s bad' before 'good'")]
    [InlineData("create index by_name on only public.results using btree (lower(name))")]
    [InlineData("drop index concurrently taken_away")]
    [InlineData("create index concurrently ÄRGER_ÖRTLICH on results (name)")]
    [InlineData(
        "create index concurrently a_name_that_is_longer_than_the_sixty_three_bytes_that_postgresql_keeps on results (name)"
    )]
    public async Task What_was_done_when_nobody_saw_the_end_is_found_and_not_done_again(string sql)
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync("create index taken_away on results (id)");
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        bench.ForgetTheEnd();

        var outcome = await bench.RunAsync(sql);

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal("migrations.statements.found", bench.Progress[^1].Code);
    }

    [Theory]
    [InlineData("alter table results validate constraint positive", true)]
    [InlineData("alter table public.parted attach partition part_2 for values from (100) to (200)", true)]
    [InlineData("refresh materialized view concurrently best", false)]
    [InlineData("refresh materialized view best", false)]
    [InlineData("alter table if exists only results set (fillfactor = 70)", false)]
    [InlineData("alter table results reset (fillfactor, autovacuum_enabled)", false)]
    public async Task What_the_catalogs_tell_or_may_be_made_twice_needs_no_person(string sql, bool isFound)
    {
        await using var bench = await OpenAsync();
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        bench.ForgetTheEnd();

        var outcome = await bench.RunAsync(sql);

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal(isFound, bench.Progress[^1].Code == "migrations.statements.found");
    }

    [Theory]
    [InlineData(
        "alter table results validate constraint positive",
        "alter table results drop constraint positive; alter table results add constraint positive check (id > 0) not valid",
        "select convalidated from pg_constraint where conname = 'positive'"
    )]
    [InlineData(
        "alter table parted attach partition part_2 for values from (100) to (200)",
        "alter table parted detach partition part_2",
        "select exists (select from pg_inherits where inhrelid = 'part_2'::regclass)"
    )]
    public async Task What_the_catalogs_show_undone_is_made(string sql, string undo, string done)
    {
        await using var bench = await OpenAsync();
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        bench.ForgetTheEnd();
        await bench.Database.ExecuteAsync(undo);

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));

        Assert.True(await bench.Database.ScalarAsync<bool>(done));
    }

    /// <summary>With a constraint to validate, a partition to attach and a materialized view to refresh.</summary>
    private async Task<StatementBench> OpenAsync()
    {
        var bench = await StatementBench.CreateAsync(server);
        await bench.PartitionsAsync();
        await bench.Database.ExecuteAsync(
            """
            alter table results add constraint positive check (id > 0) not valid;
            create table part_2 (like parted);
            create materialized view best as select * from results;
            create unique index on best (id)
            """
        );
        return bench;
    }

    [Theory]
    [InlineData("insert into results values (0, 'zero')")]
    [InlineData("alter table results add column rank int")]
    [InlineData("create index on results (name)")]
    public async Task What_the_catalogs_cannot_tell_is_not_made_again_but_needs_a_person(string sql)
    {
        await using var bench = await StatementBench.CreateAsync(server);
        sql = $"vacuum results;\n{sql}";
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        bench.ForgetTheEnd();
        var marks = bench.Marks.Count;

        var outcome = Assert.IsType<MigrationOutcome.Unknown>(await bench.RunAsync(sql));

        Assert.True(outcome.InPart);
        Assert.Contains("up.sql:2: ", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(marks, bench.Marks.Count);
    }

    [Fact]
    public async Task A_failed_CALL_may_have_committed_a_part_and_needs_a_person()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync(
            "create procedure half() language plpgsql as 'begin delete from results where id = 1; commit; perform 1 / 0; end'"
        );

        var outcome = Assert.IsType<MigrationOutcome.Unknown>(await bench.RunAsync("call public.half()"));

        Assert.Equal("migrations.statements.half", outcome.Finding.Code);
        Assert.Equal(999, await bench.Database.ScalarAsync<long>("select count(*) from results"));
    }

    [Fact]
    public async Task An_old_transaction_is_waited_for_while_readers_and_writers_go_on()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        var old = await bench.OldTransactionAsync("select count(*) from results");
        var run = bench.RunAsync(ByName);
        await bench.WaitingAsync();

        await bench.Database.ExecuteAsync(
            """
            set lock_timeout = '1ms'; insert into results values (0, 'zero'); update results set name = 'one' where id = 1;
            select count(*) from results
            """
        );
        await bench.WaitingAsync();
        Assert.False(run.IsCompleted);
        await old.DisposeAsync();

        var outcome = await run;
        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal(TimeSpan.Zero, ((MigrationOutcome.Applied)outcome).LongestLockWait);
        Assert.Equal(["by_name|True"], await bench.IndexesAsync());
    }

    [Fact]
    public async Task An_old_transaction_of_a_named_role_is_ended_as_the_change_says()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await using var old = await bench.OldTransactionAsync();
        var policy = new BlockerPolicy(BlockerAct.Terminate, TimeSpan.Zero, ["postgres"], []);

        var outcome = await bench.RunAsync(ByName, StatementBench.Budget with { Blockers = policy });

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal([old.ProcessID, old.ProcessID], bench.Deeds.Select(d => d.ProcessId));
    }

    [Fact]
    public async Task A_transaction_that_never_ends_is_waited_for_no_longer_than_the_total_and_nothing_is_left()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await using var old = await bench.OldTransactionAsync();

        var outcome = await bench.RunAsync(ByName, Short);

        var refused = Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        Assert.Equal(old.ProcessID, Assert.Single(refused.Blockers).ProcessId);
        Assert.Contains($"{old.ProcessID}", refused.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(await bench.IndexesAsync());
    }

    [Fact]
    public async Task An_invalid_index_that_cannot_be_dropped_in_time_is_named_and_needs_a_person()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await using var old = await bench.OldTransactionAsync("select count(*) from results");

        var outcome = Assert.IsType<MigrationOutcome.Unknown>(await bench.RunAsync(ByName, Short));

        Assert.True(outcome.InPart);
        Assert.Contains(
            "DROP INDEX CONCURRENTLY \"public\".\"by_name\"",
            outcome.Finding.ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal(["by_name|False"], await bench.IndexesAsync());
        await old.DisposeAsync();
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(ByName));
        Assert.Equal(["by_name|True"], await bench.IndexesAsync());
    }

    [Fact]
    public async Task A_lock_that_would_stall_readers_is_tried_for_shortly_and_again()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await using var reader = await bench.OldTransactionAsync("select count(*) from results");

        var refused = Assert.IsType<MigrationOutcome.LockNotGranted>(
            await bench.RunAsync("alter table results add column rank int", Short)
        );
        Assert.Equal(reader.ProcessID, Assert.Single(refused.Blockers).ProcessId);
    }

    [Fact]
    public async Task An_invalid_index_of_somebody_else_is_not_taken_for_a_good_one_and_not_dropped()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await Assert.ThrowsAsync<PostgresException>(() => bench.Database.ExecuteAsync(UniqueName));
        const string again = "create unique index concurrently if not exists unique_name on results (name)";

        var outcome = await bench.RunAsync(again);

        Assert.Equal(
            "migrations.statements.invalid-before",
            Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code
        );
        Assert.Equal(["unique_name|False"], await bench.IndexesAsync());
        Assert.Equal(
            PostgresErrorCodes.DuplicateTable,
            Assert.IsType<MigrationOutcome.Failed>(await bench.RunAsync(UniqueName)).SqlState
        );
        Assert.Equal(["unique_name|False"], await bench.IndexesAsync());
    }

    [Fact]
    public async Task An_index_of_the_same_name_on_another_table_is_not_taken_for_done()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync("create table others (name text); create index by_name on others (name)");

        var outcome = await bench.RunAsync("create index concurrently if not exists by_name on results (name)");

        Assert.Equal("migrations.statements.no-effect", Assert.IsType<MigrationOutcome.Failed>(outcome).Finding.Code);
    }

    [Fact]
    public async Task What_the_file_has_set_holds_for_whoever_goes_on_behind_it()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync("create schema app; create table app.results (name text)");
        const string sql = $"set search_path = app; {ByName}";
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        bench.ForgetTheEnd();
        await bench.Database.ExecuteAsync("drop index app.by_name");

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));

        Assert.Empty(await bench.IndexesAsync());
        Assert.True(await bench.Database.ScalarAsync<bool>("select to_regclass('app.by_name') is not null"));
    }

    [Fact]
    public async Task Going_back_an_index_that_was_never_made_is_nothing_to_do()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        const string down = "drop index concurrently by_name";

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(down, direction: StatementDirection.Back));
        bench.Marks.Clear();
        Assert.IsType<MigrationOutcome.Failed>(await bench.RunAsync(down));
    }

    [Fact]
    public async Task What_a_killed_REINDEX_left_is_dropped_before_it_is_made_again()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync("create index by_name on results (name)");
        const string sql = "reindex index concurrently by_name";
        await using (var old = await bench.OldTransactionAsync())
        {
            var killed = bench.RunAsync(sql);
            await bench.TerminateWaitingAsync();
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => killed);
        }

        Assert.Contains("by_name_ccnew|False", await bench.IndexesAsync());
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        Assert.Equal(["by_name|True"], await bench.IndexesAsync());
    }

    [Fact]
    public async Task A_question_that_fails_before_a_later_statement_begins_leaves_what_is_in_place_told_as_halfway()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        var role = await bench.BlindRoleAsync();

        var outcome = await bench.RunAsync($"{ByName}; set role {role}; drop index concurrently by_name");

        var halfway = Assert.IsType<MigrationOutcome.Halfway>(outcome);
        Assert.Contains("2 of 3", halfway.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains(PostgresErrorCodes.InsufficientPrivilege, halfway.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(["by_name|True"], await bench.IndexesAsync());
    }

    [Fact]
    public async Task A_question_that_fails_after_a_statement_had_begun_leaves_it_unknown()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        var role = await bench.BlindRoleAsync();
        const string sql = $"set search_path = public; {ByName}";
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        bench.ForgetTheEnd();

        var outcome = await bench.RunAsync(
            sql.Replace("search_path = public", "role " + role, StringComparison.Ordinal)
        );

        var unknown = Assert.IsType<MigrationOutcome.Unknown>(outcome);
        Assert.True(unknown.InPart);
        Assert.Equal("migrations.statements.unsettled", unknown.Finding.Code);
    }

    [Fact]
    public async Task A_schema_that_may_not_be_used_is_the_statements_own_failure()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync(
            "create schema closed; create table closed.t (a int); create index i on closed.t (a)"
        );
        var role = await bench.RoleAsync();

        var outcome = await bench.RunAsync($"{ByName}; set role {role}; drop index concurrently closed.i");

        Assert.Contains(
            PostgresErrorCodes.InsufficientPrivilege,
            Assert.IsType<MigrationOutcome.Halfway>(outcome).Finding.ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal("3 failed", $"{bench.Marks[^1].Number} {bench.Marks[^1].State}");
    }

    [Fact]
    public async Task A_drop_that_stops_halfway_needs_a_person_and_is_completed_by_whoever_goes_on()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync("create index by_name on results (name)");
        const string sql = "drop index concurrently by_name";
        await using (var old = await bench.OldTransactionAsync("select count(*) from results"))
        {
            foreach (var _ in Enumerable.Range(1, 2))
            {
                var outcome = Assert.IsType<MigrationOutcome.Unknown>(await bench.RunAsync(sql, Short));

                Assert.True(outcome.InPart);
                Assert.Equal("migrations.statements.half-dropped", outcome.Finding.Code);
                Assert.Equal(["by_name|False"], await bench.IndexesAsync());
            }
        }

        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        Assert.Empty(await bench.IndexesAsync());
    }

    [Fact]
    public async Task An_index_that_somebody_else_is_building_is_not_dropped()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(ByName));
        bench.ForgetTheEnd();
        await bench.Database.ExecuteAsync("drop index by_name");
        var old = await bench.OldTransactionAsync();
        var byHand = bench.Database.ExecuteAsync(ByName);
        await bench.Database.UntilAsync(
            "select exists (select from pg_index where indexrelid = to_regclass('by_name') and not indisvalid)"
        );

        var outcome = Assert.IsType<MigrationOutcome.Unknown>(await bench.RunAsync(ByName, Short));

        Assert.Contains("pg_stat_progress_create_index", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(["by_name|False"], await bench.IndexesAsync());
        await old.DisposeAsync();
        await byHand;
        Assert.Equal(["by_name|True"], await bench.IndexesAsync());
    }

    [Fact]
    public async Task An_index_of_the_same_name_further_down_the_search_path_does_not_undo_a_drop()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.Database.ExecuteAsync(
            """
            create index by_name on results (name); create schema later; create table later.t (a int);
            create index by_name on later.t (a)
            """
        );

        var outcome = await bench.RunAsync("set search_path = public, later; drop index by_name");

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Empty(await bench.IndexesAsync());
    }

    [Fact]
    public async Task Settings_alone_are_nothing_that_is_in_place()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await using var old = await bench.OldTransactionAsync();

        var outcome = await bench.RunAsync($"set work_mem = '8MB'; {ByName}", Short);

        Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
    }

    [Fact]
    public async Task What_a_file_sets_by_a_function_does_not_make_a_try_wait_for_a_standby()
    {
        await using var bench = await StatementBench.CreateAsync(server);

        var outcome = await bench.RunAsync(
            """
            do $$ begin perform set_config('synchronous_commit', 'remote_apply', false); end $$;
            create table seen as select current_setting('synchronous_commit') as value
            """
        );

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal(["local"], await bench.Database.RowsAsync("select value from seen"));
    }

    [Fact]
    public async Task An_ordinary_CREATE_INDEX_IF_NOT_EXISTS_takes_no_invalid_index_for_a_good_one()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await Assert.ThrowsAsync<PostgresException>(() => bench.Database.ExecuteAsync(UniqueName));

        var outcome = await bench.RunAsync("create unique index if not exists unique_name on results (name)");

        Assert.Equal(
            "migrations.statements.invalid-before",
            Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code
        );
    }

    [Fact]
    public async Task What_a_killed_REINDEX_left_on_a_partition_is_dropped_before_it_is_made_again()
    {
        await using var bench = await StatementBench.CreateAsync(server);
        await bench.PartitionsAsync();
        const string sql = "reindex table concurrently parted";
        await using (var old = await bench.OldTransactionAsync())
        {
            var killed = bench.RunAsync(sql);
            await bench.TerminateWaitingAsync();
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => killed);
        }

        const string left = "select relname from pg_class where relname ~ '_ccnew'";
        Assert.Single(await bench.Database.RowsAsync(left));
        Assert.IsType<MigrationOutcome.Applied>(await bench.RunAsync(sql));
        Assert.Empty(await bench.Database.RowsAsync(left));
    }
}
