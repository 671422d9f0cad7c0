using Npgsql;
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
        await using var reader = await ReadingAsync(bench, "select 1 from public.scores limit 1");
        await using var program = bench.Start("deploy");
        await bench.WaitingAsync(program);
        await program.KillAsync();
        var run = (await bench.ReadAsync()).Run!.Value;
        if (released)
        {
            await reader.DisposeAsync();
            await bench.Database.UntilAsync(NobodyLeft);
            Assert.Equal(old, await bench.ViewAsync());
        }

        await using var next = bench.Start("resume", run);
        await bench.UntilAsync(next, s => s.Epoch == 2);
        await bench.Database.UntilAsync(NobodyLeft);
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
    [InlineData("definition", "select 1 from public.scores limit 1", "")]
    [InlineData("downgrade", "select 1 from public.scores limit 1", "")]
    [InlineData("backup", "select 1 from public.results limit 1", "/restore")]
    public async Task A_rollback_killed_while_it_waits_for_a_lock_takes_effect_once(
        string method,
        string reading,
        string suffix
    )
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, method);
        await bench.WaitLongForLocksAsync();
        var before = await bench.CatalogAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await using var reader = await ReadingAsync(bench, reading);
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
        await bench.Database.UntilAsync(NobodyAtAll);
        Assert.Equal(before, await bench.CatalogAsync());
    }

    [Fact]
    public async Task A_restore_whose_pg_restore_outlives_the_program_and_commits_is_found_and_not_done_again()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "backup");
        await bench.WaitLongForLocksAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await using var reader = await ReadingAsync(bench, "select 1 from public.results limit 1");
        await using var program = bench.Start("rollback", run, "backup");
        await bench.WaitingAsync(program, "/restore");
        await program.KillAsync();
        await reader.DisposeAsync();
        await bench.Database.UntilAsync(NobodyAtAll);
        var restored = await bench.ViewAsync();
        await bench.EndsAsync(run, RunResult.RolledBack);
        Assert.Equal(restored, await bench.ViewAsync());
    }

    private const string NobodyLeft =
        "select not exists (select 1 from pg_stat_activity where application_name like 'tidelock/%/1' and datname = current_database())";

    private const string NobodyAtAll =
        "select not exists (select 1 from pg_stat_activity where application_name like 'tidelock/%' and datname = current_database())";

    /// <summary>A transaction that has read and stays open.</summary>
    private static async Task<NpgsqlConnection> ReadingAsync(CrashBench bench, string sql)
    {
        var connection = await bench.Database.ConnectAsync();
        await using var command = new NpgsqlCommand("begin; " + sql, connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
