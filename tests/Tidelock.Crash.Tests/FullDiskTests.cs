using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>The journal's disk is full, on a real file system, in each phase of a run.</summary>
public sealed class FullDiskTests(PostgresServer server)
{
    [Fact]
    public async Task Full_before_the_migration_nothing_is_changed_and_with_space_the_run_goes_on()
    {
        await using var disk = await FullDisk.MountAsync();
        await using var bench = await BenchAsync(disk);
        var old = await bench.ViewAsync();
        // However late the disk is full, the migration has not got its lock before the program has noticed.
        await using var reader = await bench.ReadingAsync();
        await using var program = bench.Start("deploy");
        var run = await bench.UntilAsync(program, s => s.Step("backup").Attempts > 0);
        disk.Fill();
        await program.SaidAsync("warning runs.journal-unwritable");
        await reader.DisposeAsync();
        var (code, output) = await program.EndAsync();
        Assert.True(code == (int)ExitCode.NeedsPerson, output);
        Assert.Contains("runs.journal-unwritable", output, StringComparison.Ordinal);
        Assert.Equal(old, await bench.ViewAsync());
        disk.GiveSpace();
        await bench.EndsAsync(run, RunResult.Completed);
    }

    [Fact]
    public async Task Full_during_the_watch_the_watch_goes_on_and_is_journaled_whole_once_there_is_space()
    {
        await using var disk = await FullDisk.MountAsync();
        await using var bench = await BenchAsync(disk);
        await bench.WatchForAsync("6s");
        await using var program = bench.Start("deploy");
        await bench.UntilAsync(program, s => s.Ticks.Count > 0);
        disk.Fill();
        await program.SaidAsync("warning runs.journal-unwritable");
        disk.GiveSpace();
        var (code, output) = await program.EndAsync();
        Assert.True(code == 0, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.Completed, state.Result);
        Assert.True(state.Ticks.Count > 5);
        Outcome.IsSound(entries);
    }

    [Fact]
    public async Task Full_during_the_rollback_the_way_back_is_gone_to_its_end_and_journaled_once_there_is_space()
    {
        await using var disk = await FullDisk.MountAsync();
        await using var bench = await BenchAsync(disk);
        await bench.WaitLongForLocksAsync();
        var before = await bench.CatalogAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await using var reader = await bench.ReadingAsync();
        await using var program = bench.Start("rollback", run);
        await bench.WaitingAsync(program);
        disk.Fill();
        await reader.DisposeAsync();
        await program.SaidAsync("warning runs.journal-unwritable");
        await program.SaidAsync("StepEnded rollback.verify Passed");
        Assert.Equal(before, await bench.CatalogAsync());
        disk.GiveSpace();
        var (code, output) = await program.EndAsync();
        Assert.True(code == 1, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.RolledBack, state.Result);
        Outcome.IsSound(entries);
    }

    private async Task<CrashBench> BenchAsync(FullDisk disk)
    {
        var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        bench.Journal = Path.Combine(disk.Folder, "journal.db");
        return bench;
    }
}
