using System.Text.Json;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL while a run waits for people to restore its server.</summary>
public sealed class KilledInRecoveryTests(PostgresServer journals)
{
    private const int MostProcesses = 40;

    [Theory]
    [InlineData(false, "before")]
    [InlineData(true, "after")]
    public async Task A_wait_that_was_killed_at_every_append_asks_once_and_ends_as_it_would(
        bool onPostgres,
        string when
    )
    {
        await using var server = await BackRestServer.StartAsync();
        await using var bench = await CreateAsync(server, onPostgres ? journals : null);
        var before = await bench.CatalogAsync();
        var run = await DeployedAsync(bench);
        var kills = 0;
        var isDone = false;
        for (var processes = 0; ; processes++)
        {
            Assert.True(processes < MostProcesses, "it never comes to its end");
            var state = (await bench.ReadAsync()).State;
            if (state.Result == RunResult.RolledBack)
            {
                break;
            }

            await using var program = bench.Start(
                state.Rollback is null ? "rollback" : "resume",
                run,
                "recovery",
                when
            );
            if (!isDone && await WaitsAsync(bench, program, state.Epoch))
            {
                await server.RestoreAsync(Asked((await bench.ReadAsync()).State).Commands);
                await SayAsync(bench, run);
                isDone = true;
            }

            var (code, output) = await program.EndAsync();
            Assert.True(code is 1 or 137, $"ended with {code}\n{output}");
            kills += code == 137 ? 1 : 0;
        }

        Assert.True(kills > 8, $"only {kills} kills");
        var (_, end, entries) = await bench.ReadAsync();
        Assert.Equal("rollbacks.recovery.verified", end.Step("rollback.verify").Finding!.Code);
        Assert.Single(entries, e => e.Kind == nameof(RunHeld));
        Assert.Single(entries, e => e.Kind == nameof(RunContinued));
        Assert.Single(entries, e => e.Kind == nameof(CommandTaken));
        Assert.Single(entries, e => e.Kind == nameof(MigrationReverted));
        Assert.Equal(before, await bench.CatalogAsync());
        Outcome.IsSound(entries);
    }

    [Fact]
    public async Task A_wait_that_was_killed_goes_on_with_the_same_commands_although_the_server_was_restored_meanwhile()
    {
        await using var server = await BackRestServer.StartAsync();
        await using var bench = await CreateAsync(server, null);
        var before = await bench.CatalogAsync();
        var run = await DeployedAsync(bench);

        await using (var waiting = bench.Start("rollback", run, "recovery"))
        {
            await bench.UntilAsync(waiting, IsWaiting);
            await waiting.KillAsync();
        }

        var asked = Asked((await bench.ReadAsync()).State);
        await server.RestoreAsync(asked.Commands);
        await using var next = bench.Start("resume", run);
        await bench.UntilAsync(next, s => s.FailedOver is not null && s.Step("rollback.revert").Attempts == 2);
        Assert.Equal(asked.Commands, Asked((await bench.ReadAsync()).State).Commands);
        await SayAsync(bench, run);
        var (code, output) = await next.EndAsync();

        Assert.True(code == 1, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.RolledBack, state.Result);
        Assert.Equal("rollbacks.recovery.verified", state.Step("rollback.verify").Finding!.Code);
        Assert.Single(entries, e => e.Kind == nameof(RunHeld));
        Assert.Equal(before, await bench.CatalogAsync());
        Outcome.IsSound(entries);
    }

    private static async Task<CrashBench> CreateAsync(BackRestServer server, PostgresServer? journals)
    {
        var bench = await CrashBench.CreateAsync(
            await TestDatabase.CreateAsync(server.Cluster),
            "definition",
            journals
        );
        await bench.ReplaceAsync(
            "backup: { rehearse: false, folder: ../backups }",
            $"backup: {{ {server.Yaml("full")} }}"
        );
        return bench;
    }

    private static async Task<RunId> DeployedAsync(CrashBench bench)
    {
        var (code, output) = await bench.RunAsync("deploy");
        Assert.True(code == 0, output);
        return (await bench.ReadAsync()).Run!.Value;
    }

    /// <summary>Whether it has come to ask, itself and not one before it; false where it ended before.</summary>
    private static async Task<bool> WaitsAsync(CrashBench bench, HostProgram program, long before)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!program.HasExited)
        {
            var state = (await bench.ReadAsync()).State;
            if (state.Epoch > before && IsWaiting(state) && state.Step("rollback.revert").Status == StepStatus.Running)
            {
                return true;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(60), program.Output);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        return false;
    }

    private static bool IsWaiting(RunState state) => state.Held?.Reason.Code == "rollbacks.recovery.asked";

    private static RecoveryAsk Asked(RunState state) =>
        state.Fact("rollback.revert", RecoveryAsk.Fact)!.Value.Deserialize(RecoveryJson.Default.RecoveryAsk)!;

    private static async Task SayAsync(CrashBench bench, RunId run)
    {
        await using var services = await TidelockServices.OpenAsync(
            new TidelockSettings(bench.Journal, TimeProvider.System),
            default
        );
        await services.Journal.SendAsync(
            new RunCommand(
                Guid.NewGuid().ToString("N"),
                run,
                RunVerb.Continue,
                "",
                "lee",
                TimeProvider.System.GetUtcNow()
            ),
            default
        );
    }
}
