using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

public sealed class RunPumpTests
{
    [Fact]
    public async Task An_inbox_that_fails_is_said_at_once_and_suspends_the_run_when_it_stays_so()
    {
        await using var run = await RunFixture.CreateAsync();
        run.Journal.InboxFault = new InvalidCastException("no such verb");
        var state = await run.RunAsync(ScriptedStep.Migrating(), WaitingForTheClock(run, "watch"));
        Assert.Equal(RunStatus.Suspended, state.Status);
        Assert.True(state.InPlace);
        Assert.Equal("runs.inbox-failed", Assert.Single(run.Warnings).Code);
        Assert.Equal("runs.inbox-failed", run.Events.OfType<RunSuspended>().Single().Reason.Code);
    }

    [Fact]
    public async Task An_inbox_that_fails_once_is_read_again()
    {
        await using var run = await RunFixture.CreateAsync();
        run.Journal.InboxFault = new InvalidCastException("no such verb");
        var seen = new ScriptedStep(
            "watch",
            async (_, stop) =>
            {
                await UntilAsync(run, () => run.Warnings.Count > 0, stop);
                run.Journal.InboxFault = null;
                await run.Journal.SendAsync(
                    new RunCommand("a", run.Run, RunVerb.Rollback, "", "kim", SampleEvents.Zero),
                    stop
                );
                await UntilAsync(run, () => false, stop);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );
        var state = await run.RunAsync(ScriptedStep.Migrating(), seen, ScriptedStep.Reverting());
        Assert.Equal(RunResult.RolledBack, state.Result);
        Assert.Single(run.Warnings);
    }

    [Fact]
    public async Task A_rollback_is_gone_to_its_end_though_its_inbox_fails()
    {
        await using var run = await RunFixture.CreateAsync();
        run.Journal.InboxFault = new InvalidCastException("no such verb");
        var asked = 0;
        var reverting = new ScriptedStep(
            "rollback.revert",
            async (context, stop) =>
            {
                await UntilAsync(run, () => ++asked > 100, stop);
                await context.AppendAsync(new MigrationReverted("definition", Message.Of("test.reverted")), stop);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Ending("watch", StepResult.Breached),
            reverting
        );
        Assert.Equal(RunResult.RolledBack, state.Result);
    }

    [Fact]
    public async Task A_command_that_was_withdrawn_before_it_was_read_is_never_taken()
    {
        await using var run = await RunFixture.CreateAsync();
        await run.Journal.SendAsync(new("back", run.Run, RunVerb.Rollback, "", "kim", SampleEvents.Zero), default);
        await run.Journal.SendAsync(new("no", run.Run, RunVerb.Withdraw, "back", "lee", SampleEvents.Zero), default);
        var watch = new ScriptedStep(
            "watch",
            async (context, stop) =>
            {
                await UntilAsync(run, () => context.State.TakenCommands.Contains("no"), stop);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );
        var state = await run.RunAsync(ScriptedStep.Migrating(), watch, ScriptedStep.Reverting());
        Assert.Equal((RunResult.Completed, true), (state.Result, state.InPlace));
        Assert.Equal(["no"], state.TakenCommands);
    }

    private static ScriptedStep WaitingForTheClock(RunFixture run, string name) =>
        new(
            name,
            async (_, stop) =>
            {
                await UntilAsync(run, () => false, stop);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );

    /// <summary>Lets the inbox be read second after second, until there is what is waited for or the step is stopped.</summary>
    private static async Task UntilAsync(RunFixture run, Func<bool> there, CancellationToken stop)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!there())
        {
            stop.ThrowIfCancellationRequested();
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(20));
            run.InboxTime.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
