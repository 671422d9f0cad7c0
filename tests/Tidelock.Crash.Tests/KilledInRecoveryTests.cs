using System.Text.Json;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL while a run waits for people to restore its server.</summary>
public sealed class KilledInRecoveryTests
{
    [Fact]
    public async Task A_wait_that_was_killed_goes_on_with_the_same_commands_although_the_server_was_restored_meanwhile()
    {
        await using var server = await BackRestServer.StartAsync();
        await using var bench = await CrashBench.CreateAsync(
            await TestDatabase.CreateAsync(server.Cluster),
            "definition"
        );
        await bench.ReplaceAsync(
            "backup: { rehearse: false, folder: ../backups }",
            $"backup: {{ {server.Yaml("full")} }}"
        );
        var before = await bench.CatalogAsync();
        var (code, output) = await bench.RunAsync("deploy");
        Assert.True(code == 0, output);
        var run = (await bench.ReadAsync()).Run!.Value;

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
        (code, output) = await next.EndAsync();

        Assert.True(code == 1, output);
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal(RunResult.RolledBack, state.Result);
        Assert.Equal("rollbacks.recovery.verified", state.Step("rollback.verify").Finding!.Code);
        Assert.Single(entries, e => e.Kind == nameof(RunHeld));
        Assert.Equal(before, await bench.CatalogAsync());
        Outcome.IsSound(entries);
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
