using System.Text.Json;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Rollbacks.Undoing;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>The primary dies around the swap of two databases, and a standby is promoted that has it, has a part of it, or has it not.</summary>
public sealed class FailoverInSwapTests(FailoverPrimary server) : IClassFixture<FailoverPrimary>
{
    private const string Scores =
        "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = 'public.scores'::regclass";
    private const string Old = "score id name";
    private const string New = "id name score";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_swap_killed_at_its_commit_takes_effect_once_on_the_server_that_took_over(bool replicated)
    {
        await using var bench = await server.BenchAsync("backup");
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await using var standby = await server.StandbyAsync();
        await using var relay = await Relay.StartAsync(server.Cluster.Port);
        bench.Address = FailoverPrimary.Through(bench, standby, relay);
        relay.After = "rename to";
        relay.Commit = replicated ? RelayedCommit.Unanswered : RelayedCommit.Swallowed;
        var kept = SwapPlan.BeforeOf(bench.Database.Name, run.Value);
        await using (var program = bench.Start("rollback", run, BesideRollback.MethodName))
        {
            await program.MeetsAsync(relay.CommitSeen);
            await program.KillAsync();
        }

        // What it has closed is closed on the standby, too.
        var arrived = replicated ? $"datname = '{kept}'" : $"datname = '{bench.Database.Name}' and not datallowconn";
        await PostgresAsync(standby, $"select exists (select from pg_database where {arrived})");
        await standby.TakeOverAsync();

        // The wire takes connections though nobody is behind it any more, which pg_restore takes for the server.
        bench.Address = FailoverPrimary.Through(bench, standby);
        await bench.EndsAsync(run, RunResult.RolledBack);

        Assert.Equal(Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        Assert.Equal(
            [$"{bench.Database.Name}|True", $"{kept}|False"],
            await NamesAsync(standby, bench.Database.Name, run)
        );
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Single(entries, e => e.Kind == nameof(DatabaseSwapped));
        Assert.Equal(2, state.Identity!.Timeline);
    }

    [Fact]
    public async Task A_swap_that_the_failover_lost_is_made_again_though_it_left_the_name_closed_and_rows_are_saved_again()
    {
        await using var bench = await server.BenchAsync("backup");
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await bench.Database.ExecuteAsync("insert into public.results values (500, 'late', 1)");
        await using var standby = await server.StandbyAsync();
        bench.Address = FailoverPrimary.Through(bench, standby);
        await standby.CutOffAsync(bench.Database);
        var killed = await bench.RunAsync(
            "rollback",
            run,
            BesideRollback.MethodName + " rescue",
            $"after {nameof(MigrationReverted)}"
        );
        Assert.True(killed.Code == 137, killed.Output);
        Assert.NotNull((await bench.ReadAsync()).State.Fact(BesideFacts.Step, InPlaceRestore.RescuedFact));
        await standby.TakeOverAsync();

        // As one that had got the closing and not the rename.
        await standby.ScalarAsync<object>(
            "postgres",
            $"alter database {bench.Database.Name} with allow_connections false"
        );

        await bench.EndsAsync(run, RunResult.RolledBack);

        Assert.Equal(Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        var kept = SwapPlan.BeforeOf(bench.Database.Name, run.Value);
        Assert.Equal(
            [$"{bench.Database.Name}|True", $"{kept}|False"],
            await NamesAsync(standby, bench.Database.Name, run)
        );
        Assert.Equal(New, await ClosedAsync(standby, kept));
        Assert.Equal(
            "500",
            await standby.ScalarAsync<string>(
                bench.Database.Name,
                $"select string_agg(id::text, ' ') from {RowRescue.SchemaOf(run.Value)}.\"public.results\""
            )
        );
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(2, entries.Count(e => e.Kind == nameof(DatabaseSwapped)));
        Assert.True(state.FailedOver!.LosesSwap);
        Assert.Contains("does not have the swap", state.FailedOver.Finding.ToString(), StringComparison.Ordinal);
        Assert.False(state.InPlace);
    }

    [Theory]
    [InlineData(InPlaceRestore.RescuedFact)]
    [InlineData(InPlaceRestore.IntentFact)]
    public async Task Rows_saved_before_a_restore_in_place_that_the_failover_lost_are_saved_again(string killedBehind)
    {
        await using var bench = await server.BenchAsync(InPlaceRollback.MethodName);
        await bench.Database.SettleAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await bench.Database.ExecuteAsync("insert into public.results values (500, 'late', 1)");
        await using var standby = await server.StandbyAsync();
        bench.Address = FailoverPrimary.Through(bench, standby);
        await standby.CutOffAsync(bench.Database);
        await KilledBehindFactAsync(bench, run, killedBehind);
        var saved = $"select string_agg(id::text, ' ') from {RowRescue.SchemaOf(run.Value)}.\"public.results\"";
        Assert.Equal("500", await bench.Database.ScalarAsync<string>(saved));
        await standby.TakeOverAsync();

        await bench.EndsAsync(run, RunResult.RolledBack);

        Assert.Equal(Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        Assert.Equal(100, await standby.ScalarAsync<long>(bench.Database.Name, "select count(*) from public.results"));
        Assert.Equal("500", await standby.ScalarAsync<string>(bench.Database.Name, saved));
        var rescues = (await bench.ReadAsync())
            .Entries.Select(RunEvents.Parse)
            .OfType<FactRecorded>()
            .Where(f => f.Name == InPlaceRestore.RescuedFact)
            .Select(f => f.Value.Deserialize(RollbacksJson.Default.RescuedRows)!.Place!.Timeline)
            .ToList();
        Assert.Equal((1, 2), (rescues[0], rescues[^1]));
    }

    /// <summary>A rollback in place with its rows saved, by programs that are killed behind each fact up to this one.</summary>
    private static async Task KilledBehindFactAsync(CrashBench bench, RunId run, string fact)
    {
        File.Delete(bench.KillFile);
        for (var verb = "rollback"; ; verb = "resume")
        {
            var method = InPlaceRollback.MethodName + " rescue";
            var killed = await bench.RunAsync(verb, run, method, $"after {nameof(FactRecorded)}");
            Assert.True(killed.Code == 137, killed.Output);
            if (RunEvents.Parse((await bench.ReadAsync()).Entries[^1]) is FactRecorded last && last.Name == fact)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task An_undo_that_the_failover_lost_is_made_again_and_one_that_it_has_stays()
    {
        await using var bench = await server.BenchAsync("backup");
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await bench.EndsAsync(run, RunResult.RolledBack, "rollback", BesideRollback.MethodName);
        await using var standby = await server.StandbyAsync();
        bench.Address = FailoverPrimary.Through(bench, standby);
        await standby.CutOffAsync(bench.Database);
        var killed = await bench.RunAsync("rollback", run, UndoRollback.MethodName, $"after {nameof(RollbackUndone)}");
        Assert.True(killed.Code == 137, killed.Output);
        Assert.True((await bench.ReadAsync()).State.InPlace);
        await standby.TakeOverAsync();
        Assert.Equal(Old, await standby.ScalarAsync<string>(bench.Database.Name, Scores));

        await bench.EndsAsync(run, RunResult.Undone);

        Assert.Equal(New, await standby.ScalarAsync<string>(bench.Database.Name, Scores));
        var (_, state, entries) = await bench.ReadAsync();
        Assert.True(state.InPlace);
        Assert.Equal(3, entries.Count(e => e.Kind == nameof(DatabaseSwapped)));
        Assert.Equal(2, entries.Count(e => e.Kind == nameof(RollbackUndone)));
    }

    private static async Task PostgresAsync(StreamingStandby standby, string sql) =>
        await TestDatabase.UntilAsync(standby.TargetAs("postgres", "postgres"), sql);

    private static async Task<string?> ClosedAsync(StreamingStandby standby, string database)
    {
        await standby.ScalarAsync<object>("postgres", $"alter database \"{database}\" with allow_connections true");
        return await standby.ScalarAsync<string>(database, Scores);
    }

    private static async Task<List<string>> NamesAsync(StreamingStandby standby, string name, RunId run)
    {
        await using var admin = await PostgresSession.OpenAsync(
            standby.TargetAs("postgres", "postgres"),
            "test",
            default
        );
        return await admin.QueryAsync(
            $"select datname::text, datallowconn from pg_database where datname = '{name}' or datname like '%{run.Value}%' order by 1",
            r => $"{r.GetString(0)}|{r.GetBoolean(1)}",
            default
        );
    }
}
