using Tidelock.Postgres.Tests.Views;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>The primary dies in mid-run and a real standby is promoted: with the change's commit, or without it.</summary>
public sealed class FailoverTests(FailoverPrimary server) : IClassFixture<FailoverPrimary>
{
    private const string Scores =
        "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = 'public.scores'::regclass";
    private const string Old = "score id name";
    private const string New = "id name score";
    private const string Commits = "select count(distinct transaction) from audit.made where name = 'public.scores'";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_migration_killed_at_its_commit_is_in_place_once_after_a_failover(bool replicated)
    {
        await using var bench = await BenchAsync();
        await using var standby = await server.StandbyAsync();
        await using var relay = await Relay.StartAsync(server.Cluster.Port);
        bench.Address = FailoverPrimary.Through(bench, standby, relay);
        if (!replicated)
        {
            await standby.CutOffAsync(bench.Database);
        }

        relay.Commit = RelayedCommit.Unanswered;
        await using (var program = bench.Start("deploy"))
        {
            await program.MeetsAsync(relay.CommitSeen);
            await bench.Database.UntilAsync($"select ({Scores}) = '{New}'");
            await program.KillAsync();
        }

        if (replicated)
        {
            await standby.CaughtUpAsync(bench.Database);
        }

        await standby.TakeOverAsync();
        Assert.Equal(replicated ? New : Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        Assert.False((await bench.ReadAsync()).State.InPlace);

        await bench.EndsAsync((await bench.ReadAsync()).Run!.Value, RunResult.Completed);

        var (_, state, entries) = await bench.ReadAsync();
        Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
        Assert.Single(entries, e => e.Kind == nameof(ServerFailedOver));
        Assert.Equal(2, state.Identity!.Timeline);
        Assert.Equal(
            replicated,
            state.Step("migrate").Finding!.ToString().Contains("The change is in place", StringComparison.Ordinal)
        );
        Assert.Equal(New, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        Assert.Equal(1L, await standby.ScalarAsync<long>(bench.Database.Name, Commits));
    }

    [Fact]
    public async Task A_change_that_a_failover_lost_while_it_was_watched_is_no_success()
    {
        await using var bench = await BenchAsync();
        await bench.WatchForAsync("60s");
        await using var standby = await server.StandbyAsync();
        bench.Address = FailoverPrimary.Through(bench, standby);
        await standby.CutOffAsync(bench.Database);
        await using var program = bench.Start("deploy");
        await bench.UntilAsync(program, s => s.Ticks.Count > 0);
        Assert.Equal(New, await bench.Database.ScalarAsync<string>(Scores));

        await standby.TakeOverAsync();
        var (code, output) = await program.EndAsync();

        Assert.True(code == (int)ExitCode.RolledBack, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.NothingChanged, state.Result);
        Assert.Contains("The failover lost the change", state.Finding!.ToString(), StringComparison.Ordinal);
        Assert.False(state.InPlace);
        Assert.Single(entries, e => e.Kind == nameof(ServerFailedOver));
        Assert.Equal(Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        Assert.Equal(0L, await standby.ScalarAsync<long>(bench.Database.Name, Commits));
        Outcome.IsSound(entries);
    }

    [Fact]
    public async Task A_change_that_outlives_a_failover_is_watched_to_the_end_and_can_be_taken_back()
    {
        await using var bench = await BenchAsync();
        await bench.WatchForAsync("12s");
        await using var standby = await server.StandbyAsync();
        bench.Address = FailoverPrimary.Through(bench, standby);
        await using var program = bench.Start("deploy");
        await bench.UntilAsync(program, s => s.Ticks.Count > 0);
        await standby.CaughtUpAsync(bench.Database);

        await standby.TakeOverAsync();
        var (code, output) = await program.EndAsync();

        Assert.True(code == 0, output);
        var (run, state, entries) = await bench.ReadAsync();
        Assert.Equal((RunResult.Completed, true, 2), (state.Result, state.InPlace, state.Step("migrate").Attempts));
        Assert.Equal(1, state.Step("verify").Attempts);
        Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));

        await bench.EndsAsync(run!.Value, RunResult.RolledBack, "rollback");
        Assert.Equal(Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rollback_killed_at_its_commit_is_made_once_after_a_failover(bool replicated)
    {
        await using var bench = await BenchAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        await using var standby = await server.StandbyAsync();
        await using var relay = await Relay.StartAsync(server.Cluster.Port);
        bench.Address = FailoverPrimary.Through(bench, standby, relay);
        if (!replicated)
        {
            await standby.CutOffAsync(bench.Database);
        }

        relay.Commit = RelayedCommit.Unanswered;
        var run = (await bench.ReadAsync()).Run!.Value;
        await using (var program = bench.Start("rollback", run))
        {
            await program.MeetsAsync(relay.CommitSeen);
            await bench.Database.UntilAsync($"select ({Scores}) = '{Old}'");
            await program.KillAsync();
        }

        if (replicated)
        {
            await standby.CaughtUpAsync(bench.Database);
        }

        await standby.TakeOverAsync();
        await bench.EndsAsync(run, RunResult.RolledBack);

        var (_, state, entries) = await bench.ReadAsync();
        Assert.Single(entries, e => e.Kind == nameof(MigrationReverted));
        Assert.False(state.InPlace);
        Assert.Equal(Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        Assert.Equal(2L, await standby.ScalarAsync<long>(bench.Database.Name, Commits));
    }

    [Fact]
    public async Task A_view_that_somebody_changed_around_the_failover_needs_a_person_who_is_told_the_difference()
    {
        await using var bench = await BenchAsync();
        await bench.WatchForAsync("60s");
        await using var standby = await server.StandbyAsync();
        bench.Address = FailoverPrimary.Through(bench, standby);
        await using var program = bench.Start("deploy");
        await bench.UntilAsync(program, s => s.Ticks.Count > 0);
        await bench.Database.ExecuteAsync("comment on view public.scores is 'somebody else''s'");
        await standby.CaughtUpAsync(bench.Database);

        await standby.TakeOverAsync();
        var (code, output) = await program.EndAsync();

        Assert.True(code == (int)ExitCode.NeedsPerson, output);
        Assert.Contains("comment", (await bench.ReadAsync()).State.Finding!.ToString(), StringComparison.Ordinal);
        Assert.Equal(New, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
    }

    private Task<CrashBench> BenchAsync() => server.BenchAsync();
}
