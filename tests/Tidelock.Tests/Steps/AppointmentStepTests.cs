using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Steps;

/// <summary>The step through the engine, with a clock that jumps over its waits, and a checklist that holds when the test wants.</summary>
public sealed class AppointmentStepTests
{
    private static readonly DateTimeOffset Zero = SampleEvents.Zero.AddMinutes(30);

    private readonly JumpingTime time = new(SampleEvents.Zero);
    private DateTimeOffset readyFrom = DateTimeOffset.MinValue;
    private RunRequest? asked;
    private int looks;

    [Fact]
    public async Task The_change_is_made_at_its_time_and_not_before()
    {
        await using var run = await RunFixture.CreateAsync(time);
        var state = await RunAsync(run);
        Assert.Equal((RunResult.Completed, Zero), (state.Result, state.AppliedAt));
        Assert.Equal("steps.appointment.started", state.Step("appointment").Finding!.Code);
        Assert.DoesNotContain(run.Events, e => e is RunHeld);
        Assert.Equal(7, looks);
    }

    [Fact]
    public async Task What_is_missing_is_journaled_while_there_is_time_and_again_when_it_holds()
    {
        readyFrom = Zero.AddMinutes(-10);
        await using var run = await RunFixture.CreateAsync(time);
        var state = await RunAsync(run);
        Assert.Equal(Zero, state.AppliedAt);
        Assert.Equal(
            [(SampleEvents.Zero, false), (Zero.AddMinutes(-10), true)],
            run.Events.OfType<GateEvaluated>().Select(g => (g.At, g.Passed))
        );
    }

    [Fact]
    public async Task What_is_late_holds_the_run_and_is_waited_for()
    {
        readyFrom = Zero.AddMinutes(4);
        await using var run = await RunFixture.CreateAsync(time);
        var state = await RunAsync(run);
        var held = Assert.Single(run.Events.OfType<RunHeld>());
        Assert.Equal(("steps.appointment.late", Zero.AddMinutes(15)), (held.Reason.Code, held.Until));
        Assert.Contains("approval: one more person", held.Reason.ToString(), StringComparison.Ordinal);
        Assert.Single(run.Events.OfType<RunContinued>());
        Assert.Equal("steps.appointment.started-late", state.Step("appointment").Finding!.Code);
        Assert.Equal(readyFrom, state.AppliedAt);
    }

    [Fact]
    public async Task What_is_too_late_is_given_up_and_nothing_is_changed()
    {
        readyFrom = Zero.AddMinutes(16);
        await using var run = await RunFixture.CreateAsync(time);
        var state = await RunAsync(run);
        Assert.Equal((RunResult.Refused, false), (state.Result, state.InPlace));
        Assert.Equal(("steps.appointment.given-up", Zero.AddMinutes(15)), (state.Finding!.Code, state.EndedAt));
        Assert.Contains("approval: one more person", state.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_was_stopped_in_the_waiting_goes_on_with_it()
    {
        asked = new RunRequest.Suspend(Message.Of("test.stop"));
        await using var run = await RunFixture.CreateAsync(time);
        Assert.Equal(RunStatus.Suspended, (await RunAsync(run)).Status);
        time.Jump(TimeSpan.FromMinutes(12));
        var state = await RunAsync(run);
        Assert.Equal((RunResult.Completed, Zero), (state.Result, state.AppliedAt));
    }

    [Fact]
    public async Task A_program_that_comes_back_long_after_the_time_changes_nothing_any_more()
    {
        asked = new RunRequest.Suspend(Message.Of("test.stop"));
        await using var run = await RunFixture.CreateAsync(time);
        await RunAsync(run);
        time.Jump(TimeSpan.FromHours(2));
        var state = await RunAsync(run);
        Assert.Equal((RunResult.Refused, "steps.appointment.over"), (state.Result, state.Finding!.Code));
        Assert.False(state.InPlace);
    }

    [Fact]
    public async Task Who_ends_the_waiting_gives_the_run_up()
    {
        asked = new RunRequest.Interrupt();
        await using var run = await RunFixture.CreateAsync(time);
        var state = await RunAsync(run);
        Assert.Equal((RunResult.Refused, false), (state.Result, state.InPlace));
    }

    [Fact]
    public async Task A_run_that_was_not_planned_has_no_such_step()
    {
        await using var run = await RunFixture.CreateAsync(time);
        var state = await run.RunAsync(Step(run), ScriptedStep.Migrating());
        Assert.Equal(RunResult.Completed, state.Result);
        Assert.DoesNotContain(run.Events, e => e is StepStarted { Step: "appointment" });
        Assert.Equal(0, looks);
    }

    private Task<RunState> RunAsync(RunFixture run)
    {
        run.Started = SampleEvents.Started with { Appointment = new Appointment(Zero, "Asia/Seoul") };
        return run.RunAsync(ScriptedStep.Passing("backup"), Step(run), ScriptedStep.Migrating())
            .WaitAsync(TimeSpan.FromSeconds(20));
    }

    private AppointmentStep Step(RunFixture run) =>
        new(
            new GateLook(
                async (_, stop) =>
                {
                    looks++;
                    if (asked is { } request)
                    {
                        asked = null;
                        run.Ask(request);
                        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
                    }

                    var isReady = time.GetUtcNow() >= readyFrom;
                    return
                    [
                        new GateStanding(
                            "approval",
                            GateLevel.Required,
                            isReady,
                            Message.Of(isReady ? "test.ready" : "one more person."),
                            null,
                            Overridden: false
                        ),
                    ];
                }
            )
        );
}
