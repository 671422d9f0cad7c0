using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A real point-in-time restore of the whole server, by the commands people are shown.</summary>
public sealed class RecoveryTests(PostgresServer others)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_server_that_people_restored_by_the_commands_is_verified_once_one_says_so_and_one_of_an_earlier_moment_is_not()
    {
        await using var server = await BackRestServer.StartAsync();
        var database = await TestDatabase.CreateAsync(server.Cluster);
        await using var fixture = await DeploymentFixture.CreateAsync(
            database,
            $"gates: {{ backup: {{ {server.Yaml("full")} }}, rollbackPlan: off }}\n"
        );
        var before = await fixture.CatalogAsync();
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        Assert.Equal("backups.backrest.verified", done.State!.Step("backup").Finding!.Code);
        var run = done.Run!.Value;
        await using var services = await fixture.OpenAsync();

        var given = Back(services, fixture, run);
        await HeldAsync(given, services, run, "rollbacks.recovery.asked");
        await SayAsync(services, run, "an", RunVerb.Abort);
        var up = await given.WaitAsync(Limit);
        Assert.Equal((ExitCode.NeedsPerson, "rollbacks.recovery.given-up"), (up.ExitCode, up.Finding.Code));
        Assert.True(up.State!.InPlace);

        await database.ExecuteAsync("insert into results values (101, 'lost', 1)");
        var back = Back(services, fixture, run);
        await HeldAsync(back, services, run, "rollbacks.recovery.asked");
        var asked = await AskedAsync(services, run);
        Assert.True(asked.Next <= asked.TransactionId);
        await server.RestoreAsync([asked.Commands[0], Earlier(asked), asked.Commands[2]]);
        await SayAsync(services, run, "an");
        await HeldAsync(back, services, run, "rollbacks.recovery.asked-again");
        await server.RestoreAsync(asked.Commands);
        await UntilAsync(back, services, run, s => s is { FailedOver.Identity.Timeline: 3, Held: not null });
        await SayAsync(services, run, "lee");
        var end = await back.WaitAsync(Limit);

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(100, await database.ScalarAsync<long>("select count(*) from results"));
        var verified = end.State!.Step("rollback.verify").Finding!;
        Assert.Equal("rollbacks.recovery.verified", verified.Code);
        Assert.Equal(
            ("lee", "1", "3"),
            (verified.Arguments["by"], verified.Arguments["then"], verified.Arguments["now"])
        );
        Assert.StartsWith(
            "restored by people, as lee confirmed",
            end.State.Step("rollback.revert").Finding!.ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_run_rehearses_the_backup_that_it_takes_and_the_way_back_tells_how_long_the_restore_took()
    {
        await using var server = await BackRestServer.StartAsync();
        var database = await TestDatabase.CreateAsync(server.Cluster);
        await using var fixture = await DeploymentFixture.CreateAsync(
            database,
            $"gates: {{ backup: {{ {server.Yaml("full", "rehearsed")} }}, rollbackPlan: off }}\n"
        );

        var done = await fixture.DeployAsync();

        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var finding = done.State!.Step("backup").Finding!;
        Assert.Equal("steps.backup.rehearsed", finding.Parts!["finding"].Code);
        var backup = RunSourcedBackup.Of(done.State)!;
        Assert.Equal(BackupLevel.Rehearsed, backup.Level);
        Assert.Equal(backup.Id, finding.Parts["finding"].Arguments["path"]);
        Assert.True(backup.RestoreTook > TimeSpan.Zero);
        var cost = await fixture.AssessAsync(done, "recovery");
        Assert.True(cost.Usable, cost.Cost.ToString());
        Assert.Equal("rollbacks.recovery.rehearsed", cost.Cost.Code);
        Assert.Equal("rollbacks.recovery.cost", cost.Cost.Parts!["cost"].Code);
    }

    [Fact]
    public async Task A_server_that_a_service_restored_to_an_earlier_moment_is_told_by_its_next_transaction()
    {
        await using var server = await BackRestServer.StartAsync();
        var database = await TestDatabase.CreateAsync(server.Cluster);
        await server.RunAsync("--type=full", "backup");
        await database.ExecuteAsync("create table public.after_the_backup ()");
        var status = Path.Combine(Path.GetDirectoryName(server.Config)!, "status.json");
        await File.WriteAllTextAsync(
            status,
            $$"""{"id":"snap-1","status":"available","createdAt":"{{TimeProvider.System.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'}}","database":"lab","host":"{{database.Target.Host}}"}"""
        );
        await using var fixture = await DeploymentFixture.CreateAsync(
            database,
            $"gates: {{ backup: {{ by: command, proof: verified, command: {{ status: [cat, {status}], restore: 'to {{time}}' }} }}, rollbackPlan: off }}\n"
        );
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var run = done.Run!.Value;
        await using var services = await fixture.OpenAsync();

        var back = Back(services, fixture, run);
        await HeldAsync(back, services, run, "rollbacks.recovery.asked");
        var asked = await AskedAsync(services, run);
        await server.RestoreAsync(["stop", Service(server, "--type=immediate"), "start"]);
        await SayAsync(services, run, "an");
        await HeldAsync(back, services, run, "rollbacks.recovery.asked-again");
        var held = (await RunReader.StateAsync(services.Journal, run, default)).Held!.Reason;
        var to = $"{asked.Time.ToUniversalTime():yyyy-MM-dd HH:mm:ss}+00";
        Assert.Equal($"to {asked.Time.ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss'Z'}", asked.Commands[0]);
        await server.RestoreAsync([
            "stop",
            Service(server, $"--type=time '--target={to}' --target-timeline=1"),
            "start",
        ]);
        await UntilAsync(back, services, run, s => s is { FailedOver.Identity.Timeline: 3, Held: not null });
        await SayAsync(services, run, "lee");
        var end = await back.WaitAsync(Limit);

        Assert.Equal("rollbacks.recovery.earlier", held.Parts!["problem"].Code);
        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.True(await database.ScalarAsync<bool>("select to_regclass('public.after_the_backup') is not null"));
    }

    [Fact]
    public async Task A_change_whose_backup_is_nobody_elses_has_no_such_way_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            others,
            "gates: { backup: off, rollbackPlan: off }\n"
        );
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        await using var services = await fixture.OpenAsync();

        var end = await Back(services, fixture, done.Run!.Value).WaitAsync(Limit);

        Assert.Equal((ExitCode.NeedsPerson, "rollbacks.recovery.none"), (end.ExitCode, end.Finding.Code));
        Assert.True(end.State!.InPlace);
    }

    private static Task<DeploymentEnd> Back(TidelockServices services, DeploymentFixture fixture, RunId run) =>
        Task.Run(() =>
            services.Deployment.RollBackAsync(run, fixture.Request(), "recovery", fixture.Terminal(), default)
        );

    /// <summary>The command that leads to the backup's own end instead.</summary>
    private static string Earlier(RecoveryAsk asked)
    {
        var to = $"--type=xid --target={asked.TransactionId} --target-exclusive --target-timeline=1";
        Assert.Contains(to, asked.Commands[1], StringComparison.Ordinal);
        return asked.Commands[1].Replace(to, "--type=immediate", StringComparison.Ordinal);
    }

    /// <summary>What a managed service does inside.</summary>
    private static string Service(BackRestServer server, string to) =>
        $"{string.Join(' ', BackRestServer.Program)} --config={server.Config} --stanza={BackRestServer.Stanza} --delta {to} --target-action=promote restore";

    private static async Task SayAsync(
        TidelockServices services,
        RunId run,
        string by,
        RunVerb verb = RunVerb.Continue
    ) =>
        await services.Journal.SendAsync(
            new RunCommand(Guid.NewGuid().ToString("N"), run, verb, "", by, TimeProvider.System.GetUtcNow()),
            default
        );

    private static async Task<RecoveryAsk> AskedAsync(TidelockServices services, RunId run)
    {
        var state = await RunReader.StateAsync(services.Journal, run, default);
        return state.Fact("rollback.revert", RecoveryAsk.Fact)!.Value.Deserialize(RecoveryJson.Default.RecoveryAsk)!;
    }

    private static Task HeldAsync(Task<DeploymentEnd> back, TidelockServices services, RunId run, string code) =>
        UntilAsync(back, services, run, s => s.Held?.Reason.Code == code);

    private static async Task UntilAsync(
        Task<DeploymentEnd> back,
        TidelockServices services,
        RunId run,
        Func<RunState, bool> there
    )
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!there(await RunReader.StateAsync(services.Journal, run, default)))
        {
            Assert.False(back.IsCompleted, back.IsCompletedSuccessfully ? (await back).Finding.ToString() : "failed");
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Limit, "it never came there");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }
}
