using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>
/// The primary dies in mid-run of changes that are no <c>view:</c>: SQL by hand, statement by statement, and a tool. All three are under
/// way on it at once, each in a database of its own.
/// </summary>
public sealed class FailoverKindsTests(FailoverPrimary server) : IClassFixture<FailoverPrimary>
{
    private static readonly KindOfChange[] Kinds = [KindOfChange.Sql, KindOfChange.Statements, KindOfChange.Command];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_committed_before_anybody_noted_it_is_in_place_once_after_a_failover(bool replicated)
    {
        await using var sql = await server.BenchAsync();
        await using var statements = await server.BenchAsync();
        await using var command = await server.BenchAsync();
        CrashBench[] benches = [sql, statements, command];
        await using var standby = await BeginAsync(benches, replicated, "300ms");
        await Task.WhenAll(
            benches.Select(async bench =>
            {
                var (code, output) = await bench.RunAsync("deploy", when: $"before {nameof(MigrationApplied)}");
                Assert.True(code == 137, output);
            })
        );
        Assert.All(Kinds.Zip(benches), b => Assert.Equal(1, InPlaceAsync(b.First, b.Second).Result));
        await FailOverAsync(standby, sql, replicated);

        await Task.WhenAll(
            benches.Select(async bench =>
                await bench.EndsAsync((await bench.ReadAsync()).Run!.Value, RunResult.Completed)
            )
        );

        foreach (var (kind, bench) in Kinds.Zip(benches))
        {
            var (_, state, entries) = await bench.ReadAsync();
            Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
            Assert.Single(entries, e => e.Kind == nameof(ServerFailedOver));
            Assert.Equal(2, state.Identity!.Timeline);
            Assert.Equal(1, await standby.ScalarAsync<long>(bench.Database.Name, kind.InPlace));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_is_watched_to_its_end_where_the_failover_kept_it_and_no_success_where_it_is_lost(
        bool replicated
    )
    {
        await using var sql = await server.BenchAsync();
        await using var statements = await server.BenchAsync();
        await using var command = await server.BenchAsync();
        CrashBench[] benches = [sql, statements, command];
        await using var standby = await BeginAsync(benches, replicated, replicated ? "5s" : "60s");
        var programs = benches.Select(bench => bench.Start("deploy")).ToList();
        try
        {
            await Task.WhenAll(
                benches.Zip(programs, (bench, program) => bench.UntilAsync(program, s => s.Ticks.Count > 0))
            );
            await FailOverAsync(standby, sql, replicated);

            foreach (var ((kind, bench), program) in Kinds.Zip(benches).Zip(programs))
            {
                var (code, output) = await program.EndAsync();
                Assert.True(code == (replicated ? 0 : (int)ExitCode.RolledBack), output);
                var (_, state, entries) = await bench.ReadAsync();
                Assert.Equal(replicated ? RunResult.Completed : RunResult.NothingChanged, state.Result);
                Assert.Equal(replicated, state.InPlace);
                Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
                Assert.Equal(replicated ? 1 : 0, await standby.ScalarAsync<long>(bench.Database.Name, kind.InPlace));
                Outcome.IsSound(entries);
            }
        }
        finally
        {
            foreach (var program in programs)
            {
                await program.DisposeAsync();
            }
        }
    }

    private async Task<StreamingStandby> BeginAsync(CrashBench[] benches, bool replicated, string watch)
    {
        foreach (var (kind, bench) in Kinds.Zip(benches))
        {
            await kind.WriteAsync(bench, watch);
        }

        var standby = await server.StandbyAsync();
        foreach (var bench in benches)
        {
            bench.Address = FailoverPrimary.Through(bench, standby);
        }

        if (!replicated)
        {
            await standby.CutOffAsync(benches[0].Database);
        }

        return standby;
    }

    private static async Task FailOverAsync(StreamingStandby standby, CrashBench bench, bool replicated)
    {
        if (replicated)
        {
            await standby.CaughtUpAsync(bench.Database);
        }

        await standby.TakeOverAsync();
    }

    private static Task<long> InPlaceAsync(KindOfChange kind, CrashBench bench) =>
        bench.Database.ScalarAsync<long>(kind.InPlace);
}
