using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>The server or the way to it goes away and comes back; the program lives on.</summary>
public sealed class LostServerTests
{
    [Theory]
    [InlineData("fast", true)]
    [InlineData("immediate", false)]
    public async Task A_server_restarted_during_the_watch_is_waited_for_and_the_watch_goes_on(
        string mode,
        bool onPostgres
    )
    {
        var own = new PostgresServer();
        await own.InitializeAsync();
        await using var _ = own;
        await using var bench = await CrashBench.CreateAsync(own, onPostgres, "definition");
        await bench.WatchForAsync("10s");
        await using var program = bench.Start("deploy");
        await bench.UntilAsync(program, s => s.Ticks.Count > 1);
        await bench.Database.FlushAsync();
        await own.Cluster.RestartAsync(mode, default);
        var (code, output) = await program.EndAsync();
        Assert.True(code == 0, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.Completed, state.Result);
        Assert.True(state.Epoch > 1);
        Outcome.IsSound(entries);
    }

    [Fact]
    public async Task A_server_restarted_while_the_migration_waits_for_a_lock_gets_the_change_once()
    {
        var own = new PostgresServer();
        await own.InitializeAsync();
        await using var _ = own;
        await using var bench = await CrashBench.CreateAsync(own, onPostgres: false, "definition");
        await bench.WaitLongForLocksAsync();
        await using var reader = await bench.ReadingAsync();
        await using var program = bench.Start("deploy");
        await bench.WaitingAsync(program);
        await bench.Database.FlushAsync();
        await own.Cluster.StopServerAsync("immediate", default);
        await program.SaidAsync("warning deployments.lost");
        await own.Cluster.StartServerAsync(default);
        var (code, output) = await program.EndAsync();
        Assert.True(code == 0, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal((RunResult.Completed, 2), (state.Result, state.Step("migrate").Attempts));
        Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
        Assert.Equal(1, await bench.CommitsAsync());
    }

    [Fact]
    public async Task A_connection_cut_while_the_migration_waits_for_a_lock_leads_to_one_change()
    {
        var own = new PostgresServer();
        await own.InitializeAsync();
        await using var _ = own;
        await using var bench = await CrashBench.CreateAsync(own, onPostgres: false, "definition");
        await bench.WaitLongForLocksAsync();
        await using var relay = await Relay.StartAsync(own.Cluster.Port);
        bench.Address = relay.Through(bench.Database.Uri);
        await using var reader = await bench.ReadingAsync();
        await using var program = bench.Start("deploy");
        await bench.WaitingAsync(program);
        relay.CutAfterCommit = true;
        await reader.DisposeAsync();
        await bench.NobodyLeftAsync("/1");
        relay.CutAfterCommit = false;
        var (code, output) = await program.EndAsync();
        Assert.True(code == 0, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.Completed, state.Result);
        Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
        Assert.Equal(1, await bench.CommitsAsync());
    }
}
