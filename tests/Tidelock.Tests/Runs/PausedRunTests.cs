using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

public sealed class PausedRunTests
{
    [Fact]
    public async Task A_run_that_is_paused_before_its_change_waits_until_a_person_goes_on()
    {
        await using var run = await RunFixture.CreateAsync();
        var migrate = ScriptedStep.Migrating();
        var running = run.RunAsync(Pausing(run), migrate, ScriptedStep.Passing("watch"));
        var held = await HeldAsync(run);
        Assert.Equal(("runs.paused", (DateTimeOffset?)null), (held.Reason.Code, held.Until));
        Assert.Equal(0, migrate.Runs);
        run.Ask(Of(RunVerb.Continue, "lee"));
        var state = await running;
        Assert.Equal((RunResult.Completed, 1), (state.Result, migrate.Runs));
        Assert.Equal("lee", run.Events.OfType<RunContinued>().Single().Reason.Arguments["by"]);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task A_paused_run_that_is_given_up_has_changed_nothing()
    {
        await using var run = await RunFixture.CreateAsync();
        var migrate = ScriptedStep.Migrating();
        var running = run.RunAsync(Pausing(run), migrate);
        await HeldAsync(run);
        run.Ask(Of(RunVerb.Abort, "lee"));
        var state = await running;
        Assert.Equal((RunResult.Refused, false, 0), (state.Result, state.InPlace, migrate.Runs));
    }

    [Fact]
    public async Task A_run_that_was_stopped_while_it_was_paused_is_still_paused_when_it_is_resumed()
    {
        await using var run = await RunFixture.CreateAsync();
        var migrate = ScriptedStep.Migrating();
        var running = run.RunAsync(Pausing(run), migrate);
        await HeldAsync(run);
        run.Ask(new RunRequest.Suspend(Message.Of("test.stopped")));
        Assert.Equal(RunStatus.Suspended, (await running).Status);
        var resumed = run.RunAsync(ScriptedStep.Passing("ready"), migrate);
        await Polling.UntilAsync(async () => (await run.StoredAsync()).Step("pause").Attempts == 2);
        Assert.Equal(0, migrate.Runs);
        run.Ask(Of(RunVerb.Continue, "lee"));
        Assert.Equal(RunResult.Completed, (await resumed).Result);
    }

    [Fact]
    public async Task A_run_that_is_paused_after_its_change_goes_on_to_its_watch()
    {
        await using var run = await RunFixture.CreateAsync();
        var watch = ScriptedStep.Passing("watch");
        var state = await run.RunAsync(ScriptedStep.Migrating(), Pausing(run), watch);
        Assert.Equal((RunResult.Completed, 1), (state.Result, watch.Runs));
        Assert.Equal(StepStatus.Pending, state.Step("pause").Status);
    }

    /// <summary>A step that ends only when a person has paused the run meanwhile.</summary>
    private static ScriptedStep Pausing(RunFixture run) =>
        new(
            "ready",
            async (context, stop) =>
            {
                run.Ask(Of(RunVerb.Pause, "kim"));
                await Polling.UntilAsync(() => Task.FromResult(context.State.Paused is not null));
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );

    private static async Task<RunHeld> HeldAsync(RunFixture run)
    {
        RunHeld? held = null;
        await Polling.UntilAsync(async () => (held = (await run.StoredAsync()).Held) is not null);
        return held!;
    }

    private static RunRequest.Command Of(RunVerb verb, string by) =>
        new(new RunCommand($"{verb} {by}", new RunId("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2"), verb, "", by, SampleEvents.Zero));
}
