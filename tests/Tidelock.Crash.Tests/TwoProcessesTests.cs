using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

public sealed class TwoProcessesTests(PostgresServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_program_stopped_past_its_epoch_and_continued_does_nothing(bool onPostgres)
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres, "definition");
        await bench.WatchForAsync("15s");
        await using var first = bench.Start("deploy");
        var run = await bench.UntilAsync(first, s => s.Ticks.Count > 0);
        await first.StopAsync();
        await using var second = bench.Start("take-over", run);
        await bench.UntilAsync(second, s => s.Epoch == 2);
        await first.ContinueAsync();
        var (code, output) = await first.EndAsync();
        Assert.True(code == (int)ExitCode.AnotherRun, output);
        Assert.Contains("runs.taken-over", output, StringComparison.Ordinal);
        Assert.Equal(0, (await second.EndAsync()).Code);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal((RunResult.Completed, 2L), (state.Result, state.Epoch));
        Outcome.IsSound(entries);
    }

    [Fact]
    public async Task A_run_whose_program_is_alive_is_not_resumed_by_another()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await bench.WatchForAsync("60s");
        await using var first = bench.Start("deploy");
        var run = await bench.UntilAsync(first, s => s.Ticks.Count > 0);
        Assert.Equal((int)ExitCode.AnotherRun, (await bench.RunAsync("resume", run)).Code);
        Assert.False(first.HasExited);
    }

    [Fact]
    public async Task A_killed_run_is_rolled_back_by_one_word_without_taking_over()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await bench.WatchForAsync("60s");
        var before = await bench.CatalogAsync();
        await using var first = bench.Start("deploy");
        var run = await bench.UntilAsync(first, s => s.Ticks.Count > 0);
        await first.KillAsync();
        await bench.EndsAsync(run, RunResult.RolledBack, "rollback");
        Assert.Equal(before, await bench.CatalogAsync());
    }
}
