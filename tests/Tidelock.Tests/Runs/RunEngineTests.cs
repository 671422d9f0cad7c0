using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

public sealed class RunEngineTests
{
    private static readonly RollbackPolicy Asking = new("definition", Automatic: false, TimeSpan.FromMilliseconds(100));

    [Fact]
    public async Task All_steps_pass_and_the_change_is_complete()
    {
        await using var run = await RunFixture.CreateAsync();
        var state = await run.RunAsync(Ready(), ScriptedStep.Migrating(), ScriptedStep.Passing("watch"));
        Assert.Equal((RunResult.Completed, true), (state.Result, state.InPlace));
        Assert.Equal(["ready", "migrate", "watch"], state.Steps.Select(s => s.Name));
        Assert.Equal(run.Events.Count, (await RunReader.EntriesAsync(run.Journal, run.Run, default)).Count);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task A_step_whose_finding_is_too_old_for_the_next_one_is_run_again_once()
    {
        await using var run = await RunFixture.CreateAsync();
        var baseline = ScriptedStep.Passing("baseline");
        var lost = ScriptedStep.Throwing("migrate", new TargetLostException(Message.Of("test.lost")));
        await Assert.ThrowsAsync<TargetLostException>(() => run.RunAsync(new AgingStep(baseline, _ => false), lost));
        Assert.Equal(1, baseline.Runs);
        var state = await run.RunAsync(
            new AgingStep(baseline, s => s.Step("baseline").Attempts < 2),
            ScriptedStep.Migrating()
        );
        Assert.Equal((RunResult.Completed, 2, 2), (state.Result, state.Step("baseline").Attempts, baseline.Runs));
    }

    [Theory]
    [InlineData(StepResult.Refused, RunResult.Refused)]
    [InlineData(StepResult.Failed, RunResult.NothingChanged)]
    [InlineData(StepResult.NeedsPerson, RunResult.NeedsPerson)]
    public async Task A_failure_before_the_migration_changes_nothing_and_later_steps_do_not_run(
        StepResult result,
        RunResult expected
    )
    {
        await using var run = await RunFixture.CreateAsync();
        var (migrate, revert) = (ScriptedStep.Migrating(), ScriptedStep.Reverting());
        var state = await run.RunAsync(ScriptedStep.Ending("ready", result), migrate, revert);
        Assert.Equal((expected, false), (state.Result, state.InPlace));
        Assert.Equal((0, 0), (migrate.Runs, revert.Runs));
    }

    [Theory]
    [InlineData(StepResult.Failed)]
    [InlineData(StepResult.Breached)]
    public async Task A_failure_after_the_migration_goes_back_by_itself(StepResult result)
    {
        await using var run = await RunFixture.CreateAsync();
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Ending("watch", result),
            ScriptedStep.Reverting(),
            ScriptedStep.Passing("rollback.verify")
        );
        Assert.Equal((RunResult.RolledBack, false), (state.Result, state.InPlace));
        Assert.Null(state.Rollback!.By);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task A_rollback_that_fails_needs_a_person()
    {
        await using var run = await RunFixture.CreateAsync();
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Ending("watch", StepResult.Breached),
            ScriptedStep.Ending("rollback.revert", StepResult.Failed)
        );
        Assert.Equal((RunResult.NeedsPerson, true), (state.Result, state.InPlace));
    }

    [Fact]
    public async Task A_step_that_throws_has_failed_with_the_words_of_what_it_threw()
    {
        await using var run = await RunFixture.CreateAsync();
        var state = await run.RunAsync(ScriptedStep.Throwing("ready", new InvalidOperationException("no such thing")));
        Assert.Equal(RunResult.NothingChanged, state.Result);
        Assert.Contains("no such thing", state.Finding!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_before_the_migration_gives_the_run_up()
    {
        await using var run = await RunFixture.CreateAsync();
        var (waiting, migrate) = (ScriptedStep.Waiting("ready"), ScriptedStep.Migrating());
        run.Ask(new RunRequest.Interrupt());
        var state = await run.RunAsync(waiting, migrate);
        Assert.Equal((RunResult.Refused, 0), (state.Result, migrate.Runs));
    }

    [Theory]
    [InlineData(InterruptAnswer.RollBack, RunStatus.Ended, RunResult.RolledBack)]
    [InlineData(InterruptAnswer.Leave, RunStatus.Suspended, null)]
    [InlineData(null, RunStatus.Suspended, null)]
    public async Task Ctrl_C_after_the_migration_follows_the_answer(
        InterruptAnswer? answer,
        RunStatus status,
        RunResult? result
    )
    {
        await using var run = await RunFixture.CreateAsync();
        run.Answer = answer;
        var watch = ScriptedStep.Waiting("watch");
        var running = run.RunAsync(ScriptedStep.Migrating(), watch, ScriptedStep.Reverting());
        await watch.Begun;
        run.Ask(new RunRequest.Interrupt());
        var state = await running;
        Assert.Equal((status, result), (state.Status, state.Result));
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task Who_keeps_watching_after_Ctrl_C_is_not_disturbed()
    {
        await using var run = await RunFixture.CreateAsync();
        var watch = ScriptedStep.Waiting("watch");
        var running = run.RunAsync(ScriptedStep.Migrating(), watch, ScriptedStep.Reverting());
        await watch.Begun;
        run.Ask(new RunRequest.Interrupt());
        run.Ask(new RunRequest.Suspend(Message.Of("test.stop")));
        Assert.Equal(RunStatus.Suspended, (await running).Status);
        Assert.Equal(1, watch.Runs);
    }

    [Fact]
    public async Task A_suspended_run_goes_on_in_the_same_step_with_its_second_attempt()
    {
        await using var run = await RunFixture.CreateAsync();
        run.Ask(new RunRequest.Suspend(Message.Of("test.stop")));
        Assert.Equal(RunStatus.Suspended, (await run.RunAsync(ScriptedStep.Waiting("watch"))).Status);
        var state = await run.RunAsync(ScriptedStep.Passing("watch"));
        Assert.Equal((RunResult.Completed, 2L, 2), (state.Result, state.Epoch, state.Step("watch").Attempts));
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task A_command_is_taken_exactly_once()
    {
        await using var run = await RunFixture.CreateAsync();
        var command = Command(RunVerb.Extend, "5m");
        await run.Journal.SendAsync(command, default);
        run.Ask(new RunRequest.Command(command));
        await run.RunAsync(Ready(), Until(run, e => e is CommandTaken), ScriptedStep.Passing("watch"));
        var state = await run.RunAsync(ScriptedStep.Passing("watch"));
        Assert.Single(state.Commands);
    }

    [Fact]
    public async Task A_rollback_that_was_asked_for_before_a_crash_is_gone_after_it()
    {
        await using var run = await RunFixture.CreateAsync();
        run.Ask(new RunRequest.Suspend(Message.Of("test.stop")));
        await run.RunAsync(ScriptedStep.Migrating(), ScriptedStep.Waiting("watch"));
        await AppendAsync(run, new CommandTaken("c1", RunVerb.Rollback, "lee", "definition"));
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Waiting("watch"),
            ScriptedStep.Reverting()
        );
        Assert.Equal((RunResult.RolledBack, "lee"), (state.Result, state.Rollback!.By));
    }

    [Fact]
    public async Task Being_told_to_go_back_while_going_back_changes_nothing()
    {
        await using var run = await RunFixture.CreateAsync();
        var back = Until(run, e => e is CommandTaken, "rollback.verify");
        var running = run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Ending("watch", StepResult.Breached),
            ScriptedStep.Reverting(),
            back
        );
        await back.Begun;
        run.Ask(new RunRequest.Command(Command(RunVerb.Rollback, "backup")));
        var state = await running;
        Assert.Equal((RunResult.RolledBack, "definition"), (state.Result, state.Rollback!.Method));
        Assert.Equal(1, back.Runs);
    }

    [Fact]
    public async Task Nobody_who_decides_within_the_limit_means_going_back()
    {
        await using var run = await RunFixture.CreateAsync(policy: Asking);
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Ending("smoke", StepResult.Failed),
            ScriptedStep.Reverting()
        );
        Assert.Equal(RunResult.RolledBack, state.Result);
        Assert.Contains(run.Events, e => e is RunHeld { Until: not null });
    }

    [Fact]
    public async Task A_lost_lock_ends_the_epoch_and_the_next_one_goes_on()
    {
        await using var run = await RunFixture.CreateAsync();
        run.Ask(new RunRequest.LockLost(1));
        var e = await Assert.ThrowsAsync<TargetLostException>(() => run.RunAsync(ScriptedStep.Waiting("ready")));
        Assert.Equal("runs.lock-lost", e.Problem.Code);
        run.Ask(new RunRequest.LockLost(1));
        Assert.Equal(RunResult.Completed, (await run.RunAsync(Ready())).Result);
    }

    [Fact]
    public async Task A_lock_lost_while_a_step_passed_ends_the_epoch_all_the_same()
    {
        await using var run = await RunFixture.CreateAsync();
        var passing = new ScriptedStep(
            "ready",
            async (_, stop) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );
        run.Ask(new RunRequest.LockLost(1));
        await Assert.ThrowsAsync<TargetLostException>(() => run.RunAsync(passing, ScriptedStep.Migrating()));
        Assert.False((await run.StoredAsync()).InPlace);
    }

    [Fact]
    public async Task What_was_asked_while_the_database_was_lost_is_followed_once_it_is_back()
    {
        await using var run = await RunFixture.CreateAsync();
        var losing = new ScriptedStep(
            "migrate",
            async (_, stop) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw new TidelockException(Message.Of("postgres.connect.refused"), ExitCode.Refused);
            }
        );
        run.Ask(new RunRequest.Interrupt());
        await Assert.ThrowsAsync<TargetLostException>(() => run.RunAsync(losing));
        Assert.Null((await run.StoredAsync()).Result);
        Assert.Equal(RunResult.Refused, (await run.RunAsync(ScriptedStep.Waiting("migrate"))).Result);
    }

    [Fact]
    public async Task A_clock_set_back_never_makes_an_event_earlier_than_the_one_before()
    {
        await using var run = await RunFixture.CreateAsync(new BackwardTime(SampleEvents.Zero));
        var state = await run.RunAsync(Ready(), ScriptedStep.Migrating());
        Assert.Equal(RunResult.Completed, state.Result);
        Assert.All(run.Events.Zip(run.Events.Skip(1)), p => Assert.True(p.First.At <= p.Second.At));
        Assert.Equal(SampleEvents.Zero, run.Events[^1].At);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_before_the_migration_starts_nothing()
    {
        await using var run = await RunFixture.CreateAsync();
        var (full, migrate) = (Filling(run, "ready"), ScriptedStep.Migrating());
        await Assert.ThrowsAsync<JournalUnwritableException>(() => run.RunAsync(full, migrate));
        Assert.Equal(0, migrate.Runs);
        Assert.Single(run.Warnings);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_after_the_migration_is_made_whole_later()
    {
        await using var run = await RunFixture.CreateAsync();
        var emptied = new ScriptedStep(
            "complete",
            (_, _) =>
            {
                run.Journal.IsFull = false;
                return Task.FromResult(StepOutcome.Passed(Message.Of("test.passed")));
            }
        );
        var state = await run.RunAsync(ScriptedStep.Migrating(), Filling(run, "verify"), Ready("watch"), emptied);
        Assert.Equal(RunResult.Completed, state.Result);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task A_journal_that_cannot_be_written_does_not_keep_anybody_from_going_back()
    {
        await using var run = await RunFixture.CreateAsync();
        var verify = new ScriptedStep(
            "rollback.verify",
            async (context, _) =>
            {
                Assert.False(context.State.InPlace);
                Assert.True((await run.StoredAsync()).InPlace);
                run.Journal.IsFull = false;
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            Filling(run, "verify"),
            ScriptedStep.Ending("watch", StepResult.Breached),
            ScriptedStep.Reverting(),
            verify
        );
        Assert.Equal(RunResult.RolledBack, state.Result);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task A_run_taken_over_while_its_journal_was_full_ends_and_stores_nothing_more()
    {
        await using var run = await RunFixture.CreateAsync();
        var lost = new ScriptedStep(
            "watch",
            async (context, stop) =>
            {
                await run.Journal.TakeEpochAsync(run.Run, null, stop);
                run.Journal.IsFull = false;
                while (true)
                {
                    await context.AppendAsync(new WatchTicked(false, [], []), stop);
                    await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, stop);
                }
            }
        );
        var running = run.RunAsync(ScriptedStep.Migrating(), Filling(run, "verify"), lost);
        await Assert.ThrowsAsync<RunTakenOverException>(() => running.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Empty((await run.StoredAsync()).Ticks);
    }

    private static ScriptedStep Ready(string name = "ready") => ScriptedStep.Passing(name);

    /// <summary>From here on the journal cannot be written.</summary>
    private static ScriptedStep Filling(RunFixture run, string name) =>
        new(
            name,
            (_, _) =>
            {
                run.Journal.IsFull = true;
                return Task.FromResult(StepOutcome.Passed(Message.Of("test.passed")));
            }
        );

    /// <summary>Passes once an event was seen.</summary>
    private static ScriptedStep Until(RunFixture run, Func<RunEvent, bool> seen, string name = "until") =>
        new(
            name,
            async (_, stop) =>
            {
                var since = TimeProvider.System.GetTimestamp();
                while (!run.Events.Any(seen))
                {
                    Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(20));
                    await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stop);
                }

                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );

    private static RunCommand Command(RunVerb verb, string argument) =>
        new("c1", new RunId("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2"), verb, argument, "lee", SampleEvents.Zero);

    private static async Task AppendAsync(RunFixture run, RunEvent e)
    {
        var entries = await RunReader.EntriesAsync(run.Journal, run.Run, default);
        var entry = JournalEntry.Next(run.Run.Value, entries[^1], "late", e.GetType().Name, RunEvents.Format(e));
        Assert.Equal(AppendResult.Stored, await run.Journal.AppendAsync(entry, null, default));
    }

    /// <summary>A clock that goes back an hour with every look.</summary>
    private sealed class BackwardTime(DateTimeOffset start) : TimeProvider
    {
        private int looks;

        public override DateTimeOffset GetUtcNow() => start.AddHours(-Interlocked.Increment(ref looks) + 1);
    }

    /// <summary>A step that has to look again when the test says so.</summary>
    private sealed class AgingStep(ScriptedStep step, Func<RunState, bool> isDue) : IStep
    {
        public string Name => step.Name;

        public bool IsDueAgain(RunState state, DateTimeOffset now) => isDue(state);

        public Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation) =>
            step.RunAsync(context, cancellation);
    }
}
