using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL between COMMIT and its answer: only the database knows whether the change is in place.</summary>
public sealed class KilledAtCommitTests(PostgresServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_migration_killed_at_its_commit_takes_effect_once(bool committed)
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await using var relay = await Relay.StartAsync(server.Cluster.Port);
        var run = await KilledAtCommitAsync(bench, relay, committed, "deploy", null);
        Assert.Equal(committed ? 1 : 0, await bench.CommitsAsync());
        Assert.False((await bench.ReadAsync()).State.InPlace);
        await bench.EndsAsync(run, RunResult.Completed);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(2, state.Step("migrate").Attempts);
        Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
        Assert.Equal(1, await bench.CommitsAsync());
    }

    [Theory]
    [InlineData("definition", true)]
    [InlineData("definition", false)]
    [InlineData("downgrade", true)]
    [InlineData("downgrade", false)]
    public async Task A_rollback_killed_at_its_commit_takes_effect_once(string method, bool committed)
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, method);
        var before = await bench.CatalogAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        await using var relay = await Relay.StartAsync(server.Cluster.Port);
        var run = await KilledAtCommitAsync(bench, relay, committed, "rollback", method);
        Assert.Equal(committed ? 2 : 1, await bench.CommitsAsync());
        Assert.True((await bench.ReadAsync()).State.InPlace);
        await bench.EndsAsync(run, RunResult.RolledBack);
        var (_, _, entries) = await bench.ReadAsync();
        Assert.Single(entries, e => e.Kind == nameof(MigrationReverted));
        Assert.Equal(before, await bench.CatalogAsync());
        Assert.Equal(2, await bench.CommitsAsync());
    }

    private static async Task<RunId> KilledAtCommitAsync(
        CrashBench bench,
        Relay relay,
        bool committed,
        string verb,
        string? method
    )
    {
        bench.Address = relay.Through(bench.Database.Uri);
        var old = await bench.ViewAsync();
        relay.Commit = committed ? RelayedCommit.Unanswered : RelayedCommit.Swallowed;
        var begun = (await bench.ReadAsync()).Run;
        await using (var program = bench.Start(verb, begun, method ?? ""))
        {
            await program.MeetsAsync(relay.CommitSeen);
            if (committed)
            {
                await bench.Database.UntilAsync(
                    FormattableString.Invariant($"select to_regclass('public.scores')::oid <> {old}")
                );
            }

            await program.KillAsync();
        }

        relay.Commit = RelayedCommit.Answered;
        await bench.NobodyLeftAsync();
        return (await bench.ReadAsync()).Run!.Value;
    }
}
