using Tidelock.Postgres;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL in the middle of an effect: what is left on the server may not commit behind the back of who comes next.</summary>
public sealed class KilledInEffectTests(PostgresServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_migration_killed_while_it_waits_for_a_lock_takes_effect_once(bool released)
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await bench.WaitLongForLocksAsync();
        var old = await bench.ViewAsync();
        await using var reader = await bench.ReadingAsync();
        await using var program = bench.Start("deploy");
        await bench.WaitingAsync(program);
        await program.KillAsync();
        var run = (await bench.ReadAsync()).Run!.Value;
        if (released)
        {
            await reader.DisposeAsync();
            await bench.NobodyLeftAsync("/1");
            Assert.Equal(old, await bench.ViewAsync());
        }

        await using var next = bench.Start("resume", run);
        await bench.UntilAsync(next, s => s.Epoch == 2);
        await bench.NobodyLeftAsync("/1");
        await reader.DisposeAsync();
        var (code, output) = await next.EndAsync();
        Assert.True(code == 0, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal((RunResult.Completed, 2), (state.Result, state.Step("migrate").Attempts));
        Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
        Assert.NotEqual(old, await bench.ViewAsync());
        Assert.Equal(1, await bench.CommitsAsync());
    }

    [Theory]
    [InlineData("definition", "public.scores", "")]
    [InlineData("downgrade", "public.scores", "")]
    [InlineData("in-place", "public.results", "/restore")]
    public async Task A_rollback_killed_while_it_waits_for_a_lock_takes_effect_once(
        string method,
        string relation,
        string suffix
    )
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, method);
        await bench.WaitLongForLocksAsync();
        var before = await bench.CatalogAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await using var reader = await bench.ReadingAsync(relation);
        await using var program = bench.Start("rollback", run, method);
        await bench.WaitingAsync(program, suffix);
        await program.KillAsync();
        await using var next = bench.Start("resume", run);
        await bench.UntilAsync(next, s => s.Epoch == 3);
        await reader.DisposeAsync();
        var (code, output) = await next.EndAsync();
        Assert.True(code == 1, output);
        Assert.Equal(before, await bench.CatalogAsync());
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.RolledBack, state.Result);
        Assert.Single(entries, e => e.Kind == nameof(MigrationReverted));
        Assert.Equal(2, await bench.CommitsAsync() ?? 2);
        await bench.NobodyLeftAsync();
        Assert.Equal(before, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_restore_whose_pg_restore_outlives_the_program_and_commits_is_found_and_not_done_again()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "in-place");
        await bench.WaitLongForLocksAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await using var reader = await bench.ReadingAsync("public.results");
        await using var program = bench.Start("rollback", run, "in-place");
        await bench.WaitingAsync(program, "/restore");
        await program.KillAsync();
        await reader.DisposeAsync();
        await bench.NobodyLeftAsync();
        var restored = await bench.ViewAsync();
        await bench.EndsAsync(run, RunResult.RolledBack);
        Assert.Equal(restored, await bench.ViewAsync());
    }

    [Fact]
    public async Task A_restore_by_jobs_whose_program_is_killed_goes_on_with_nobody_and_is_made_whole_by_the_next_rollback()
    {
        await using var cluster = await LocalCluster.StartAsync(FewLocks, default);
        await using var bench = await CrashBench.CreateAsync(await TestDatabase.CreateAsync(cluster), "in-place");
        await bench.Database.ExecuteAsync(
            "do $$ begin for i in 1..30 loop execute format('create table many_%s (id int primary key, name text)', i); end loop; end $$"
        );
        await bench.Database.ExecuteAsync("insert into many_7 values (1, 'kept')");
        var before = await bench.CatalogAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await bench.Database.ExecuteAsync("delete from public.results where id <= 10; delete from many_7");
        await using (var reader = await bench.ReadingAsync("public.results"))
        {
            await using var program = bench.Start("rollback", run, "in-place");
            await bench.WaitingAsync(program, "/restore");
            await program.KillAsync();
            Assert.True(await bench.Database.ScalarAsync<bool>(Restoring));

            var (stopped, why) = await bench.RunAsync("resume", run);

            Assert.True(stopped == (int)ExitCode.NeedsPerson, why);
            Assert.Contains("half restored", why, StringComparison.Ordinal);
            Assert.False(await bench.Database.ScalarAsync<bool>(Restoring));
        }

        var (code, output) = await bench.RunAsync("rollback", run, "in-place");

        Assert.True(code == (int)ExitCode.RolledBack, output);
        Assert.Equal(before, await bench.CatalogAsync());
        Assert.Equal(100, await bench.Database.ScalarAsync<long>("select count(*) from public.results"));
        Assert.Equal("kept", await bench.Database.ScalarAsync<string>("select name from many_7"));
    }

    private const string Restoring =
        "select exists (select 1 from pg_stat_activity where application_name like 'tidelock/%/restore')";

    /// <summary>So that no transaction can hold all that a restore locks.</summary>
    private static readonly LocalClusterOptions FewLocks = new()
    {
        Settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["max_connections"] = "20",
            ["max_locks_per_transaction"] = "10",
        },
    };
}
