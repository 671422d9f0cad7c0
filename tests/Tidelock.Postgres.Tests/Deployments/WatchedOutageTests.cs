using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>
/// A change is deployed while a real API reads the view and a real Prometheus scrapes it; then something goes wrong. Windows of seconds;
/// how soon it was decided is counted in ticks, which a loaded machine may make longer but not more.
/// </summary>
[Collection(typeof(AloneCollection))]
public sealed class WatchedOutageTests(PostgresServer server)
{
    /// <summary>Three seconds.</summary>
    private const int Window = 6;

    /// <summary>A scrape, and half of the three seconds that the queries go over, lie between a fault and the value that shows it.</summary>
    private const int Seen = 4;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("a total outage", "error_rate > 1.5% for 3s", 1, false)]
    [InlineData("three errors in a hundred", "error_rate > 1.5% for 3s", 33, false)]
    [InlineData("requests that take twice as long", "p95 > 1.5x baseline for 3s", 0, true)]
    public async Task What_breaks_the_application_is_taken_back_within_the_window_and_a_tick(
        string what,
        string rule,
        int failEvery,
        bool isSlow
    )
    {
        await using var watched = await WatchedDeployment.StartAsync(server, "12s", rollBackWhen: rule);
        var before = await watched.Fixture.CatalogAsync();
        var running = watched.DeployAsync();
        await watched.UntilTicksAsync(3);
        (watched.Api.FailEvery, watched.Api.IsSlow) = (failEvery, isSlow);
        var (fault, ticks) = (TimeProvider.System.GetUtcNow(), watched.Ticks);
        var end = await running;

        Assert.True(end.ExitCode == ExitCode.RolledBack, $"{what}: {end.Finding}");
        var back = watched.Fixture.Events.OfType<RollbackStarted>().Single();
        Assert.InRange(watched.Ticks - ticks, 1, Window + 1 + Seen);
        Assert.Contains(rule.Split(' ')[0], back.Reason.ToString(), StringComparison.Ordinal);
        var reverted = watched.Fixture.Events.OfType<MigrationReverted>().Single();
        Assert.InRange(reverted.At - fault, TimeSpan.Zero, TimeSpan.FromSeconds(75));
        Assert.DoesNotContain(watched.Fixture.Events, e => e is RunHeld);
        Assert.Equal(before, await watched.Fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_stopped_Prometheus_holds_the_run_which_goes_on_by_itself_and_is_not_taken_back()
    {
        await using var watched = await WatchedDeployment.StartAsync(server, "4s");
        var running = watched.DeployAsync();
        await watched.UntilTicksAsync(3);
        await watched.Api.StopPrometheusAsync();
        var fault = TimeProvider.System.GetUtcNow();
        await watched.UntilAsync(e => e is RunHeld);
        watched.Api.StartPrometheus();
        var end = await running;

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        var held = watched.Fixture.Events.OfType<RunHeld>().First();
        var blind = watched.Fixture.Events.TakeWhile(e => e != held).OfType<WatchTicked>().Count(t => t.At > fault);
        Assert.True(held.At - fault > Grace - Tick, $"It held after {held.At - fault}.");
        Assert.InRange(blind, 2, 7);
        Assert.Equal(("watching.hold.error", null), (held.Reason.Code, held.Until));
        var continued = watched.Fixture.Events.OfType<RunContinued>().First();
        Assert.Equal("steps.watch.sees-again", continued.Reason.Code);
        Assert.DoesNotContain(watched.Fixture.Events, e => e is RollbackStarted);
    }

    [Fact]
    public async Task A_restart_of_the_API_is_not_taken_back()
    {
        await using var watched = await WatchedDeployment.StartAsync(server, "3s");
        var running = watched.DeployAsync();
        await watched.UntilTicksAsync(3);
        await watched.Api.RestartAsync();
        var end = await running;
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.DoesNotContain(watched.Fixture.Events, e => e is RollbackStarted);
    }

    [Fact]
    public async Task Plans_outdated_by_the_migration_are_told_with_what_to_do_and_not_taken_back()
    {
        await using var watched = await WatchedDeployment.StartAsync(server, "3s");
        var end = await watched.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.True(watched.Api.OutdatedPlans > 0, "The API never met an outdated plan.");
        var applied = watched.Fixture.Events.OfType<MigrationApplied>().Single();
        var migrated = end.State!.Step("migrate").Finding!.ToString();
        Assert.Contains("0A000", migrated, StringComparison.Ordinal);
        Assert.Contains("reconnect", migrated, StringComparison.Ordinal);
        Assert.DoesNotContain(watched.Fixture.Events, e => e is RunHeld or RollbackStarted);

        // The baseline came from what Prometheus kept, where it had run long enough, or from live ticks; it stands in the journal.
        var frozen = watched.Fixture.Events.OfType<FactRecorded>().Single(f => f.Name == "signals");
        Assert.InRange(frozen.Value[0].GetProperty("count").GetInt32(), 3, 8);
        Assert.True(frozen.At < applied.At);
        var downstream = watched.Fixture.Events.OfType<FactRecorded>().Single(f => f.Name == "downstream: top");
        Assert.InRange(downstream.Value.GetProperty("count").GetInt32(), 3, 5);
    }

    [Fact]
    public async Task Who_is_asked_sees_the_watch_go_on_and_may_let_the_change_stay()
    {
        await using var watched = await WatchedDeployment.StartAsync(server, "7s", "ask");
        var running = watched.DeployAsync();
        await watched.UntilTicksAsync(3);
        watched.Api.FailEvery = 5;
        await watched.UntilAsync(e => e is RunHeld { Breaches: not null });
        var ticks = watched.Ticks;
        await watched.UntilTicksAsync(ticks + 2);
        watched.Say(RunVerb.Continue);
        await watched.UntilAsync(e => e is RunContinued);
        await watched.UntilTicksAsync(watched.Ticks + 2);
        watched.Api.FailEvery = 0;
        var end = await running;

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        var events = watched.Fixture.Events.ToList();
        Assert.Equal("steps.watch.stays", events.OfType<RunContinued>().First().Reason.Code);
        Assert.Single(events, e => e is RunHeld { Breaches: not null });
        Assert.Contains(
            events.SkipWhile(e => e is not RunContinued).OfType<WatchTicked>(),
            t => t.Verdicts.Any(v => v.State is VerdictState.Breached)
        );
    }
}
