using System.Collections.Concurrent;
using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

/// <summary>What reads a run's signals between its commit and its watch. The probe is the test's.</summary>
public sealed class LookoutTests : IDisposable
{
    private static readonly RollbackPolicy Asking = new("definition", Automatic: false, TimeSpan.FromSeconds(30));
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-lookout-").FullName;
    private readonly Kind kind = new();

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Signals_are_read_and_journaled_from_the_commit_to_the_watch_and_by_one_reader_at_a_time()
    {
        await using var run = await RunAsync();
        var openInWatch = -1;
        var state = await run.RunAsync(
            Until("baseline", () => kind.Open == 0),
            ScriptedStep.Migrating(),
            Until("verify", () => Ticks(run) >= 2),
            Until("smoke", () => Ticks(run) >= 4),
            new ScriptedStep(
                "watch",
                (_, _) =>
                {
                    openInWatch = kind.Open;
                    return Task.FromResult(StepOutcome.Passed(Message.Of("test.passed")));
                }
            )
        );
        Assert.Equal((RunResult.Completed, 0, 1, 1), (state.Result, openInWatch, kind.Created, kind.MostOpen));
        Assert.All(
            state.Ticks,
            t => Assert.Equal((false, 0, 1.0), (t.Baseline, t.Verdicts.Count, t.Samples[0].Value!.Value))
        );
        Assert.All(
            state.Ticks,
            t => Assert.InRange(t.At, state.AppliedAt!.Value, state.Step("watch").StartedAt!.Value)
        );
        Assert.True(state.Ticks[^1].At >= state.Step("smoke").StartedAt);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task While_people_are_asked_after_a_failed_step_signals_are_read_and_no_longer_on_the_way_back()
    {
        await using var run = await RunAsync(Asking);
        var openInRevert = -1;
        var running = run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Ending("verify", StepResult.Failed),
            new ScriptedStep(
                "rollback.revert",
                (_, _) =>
                {
                    openInRevert = kind.Open;
                    return Task.FromResult(StepOutcome.Passed(Message.Of("test.passed")));
                }
            )
        );
        await Polling.UntilAsync(() =>
            Task.FromResult(run.Events.ToArray().SkipWhile(e => e is not RunHeld).OfType<WatchTicked>().Skip(1).Any())
        );
        run.Ask(new RunRequest.Command(new RunCommand("1", run.Run, RunVerb.Rollback, "", "lee", SampleEvents.Zero)));
        var state = await running;
        Assert.Equal((RunResult.RolledBack, 0), (state.Result, openInRevert));
        Assert.All(state.Ticks, t => Assert.True(t.At <= state.Rollback!.At));
    }

    [Fact]
    public async Task What_fails_there_stops_no_step_and_is_tried_again()
    {
        kind.Faults = 2;
        await using var run = await RunAsync();
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            Until("verify", () => Ticks(run) >= 1),
            ScriptedStep.Passing("watch")
        );
        Assert.Equal((RunResult.Completed, 0), (state.Result, kind.Open));
    }

    [Theory]
    [InlineData(StepResult.Passed, RunResult.Completed)]
    [InlineData(StepResult.Failed, RunResult.RolledBack)]
    public async Task What_is_still_being_read_when_the_run_ends_or_goes_back_comes_too_late_for_its_journal(
        StepResult verify,
        RunResult result
    )
    {
        await using var run = await RunAsync();
        var isOver = false;
        kind.Reading = () =>
            Polling.UntilAsync(() =>
                Task.FromResult(isOver || run.Events.ToArray().Any(e => e is RunEnded or RollbackStarted))
            );
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            new ScriptedStep(
                "verify",
                async (_, _) =>
                {
                    await Polling.UntilAsync(() => Task.FromResult(kind.Reads > 0));
                    return new StepOutcome(verify, Message.Of("test.ended"));
                }
            ),
            ScriptedStep.Passing("rollback.revert")
        );
        isOver = true;
        Assert.Equal((result, 0), (state.Result, state.Ticks.Count));
        Assert.IsType<RunEnded>(run.Events[^1]);
    }

    [Fact]
    public async Task A_probe_that_does_not_close_does_not_hold_up_the_way_back()
    {
        kind.Hangs = true;
        await using var run = await RunAsync();
        var state = await run.RunAsync(
                ScriptedStep.Migrating(),
                new ScriptedStep(
                    "verify",
                    async (_, _) =>
                    {
                        await Polling.UntilAsync(() => Task.FromResult(kind.Reads > 0));
                        return new StepOutcome(StepResult.Failed, Message.Of("test.ended"));
                    }
                ),
                ScriptedStep.Passing("rollback.revert")
            )
            .WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(RunResult.RolledBack, state.Result);
    }

    [Fact]
    public void Nothing_is_read_where_the_watch_has_begun_or_passed_nor_in_a_run_that_ended_or_goes_back()
    {
        var verify = Folded(new MigrationApplied("7", Message.Of("test.applied")), new StepStarted("verify", 1));
        Assert.True(Lookout.IsWanted(verify));
        Assert.All(
            new RunEvent[]
            {
                new StepStarted("watch", 1),
                new StepEnded("watch", StepResult.Passed, Message.Of("test.passed")),
                new RollbackStarted("definition", Message.Of("test.ended"), null),
                new RunSuspended(Message.Of("test.ended")),
                new RunEnded(RunResult.Completed, Message.Of("runs.completed")),
            },
            e => Assert.False(Lookout.IsWanted(e.Apply(verify)))
        );
    }

    private static RunState Folded(params RunEvent[] events) => RunState.Of([SampleEvents.Started, .. events]);

    private static int Ticks(RunFixture run) => run.Events.ToArray().OfType<WatchTicked>().Count();

    private static ScriptedStep Until(string name, Func<bool> isSo) =>
        new(
            name,
            async (_, _) =>
            {
                await Polling.UntilAsync(() => Task.FromResult(isSo()));
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );

    private Task<RunFixture> RunAsync(RollbackPolicy? policy = null) =>
        RunFixture.CreateAsync(
            policy: policy,
            change: Change(),
            lookout: new Lookout(new ProbeFactory([kind], TimeProvider.System))
        );

    private Change Change()
    {
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            """
            change: scores
            migration: { view: { name: public.scores, definition: new.sql } }
            watch: { every: 100ms, probes: { orders: { sql: select 1 } } }
            environments: { production: { database: "postgresql://u@127.0.0.1:1/d" } }
            """
        );
        var reading = TidelockServices.ChangeLoader.Load(
            folder,
            "production",
            new Dictionary<string, string>(StringComparer.Ordinal)
        );
        return reading.Change ?? throw new InvalidOperationException(string.Join('\n', reading.Mistakes));
    }

    /// <summary>Counts its readers, and cannot make one as often as the test says.</summary>
    private sealed class Kind : IProbeKind
    {
        private readonly ConcurrentBag<object> created = [];
        private int open;

        private int reads;

        public int Faults { get; set; }

        /// <summary>Whether its readers never close.</summary>
        public bool Hangs { get; set; }

        /// <summary>What a reader waits for, whether it is cancelled or not.</summary>
        public Func<Task> Reading { get; set; } = () => Task.CompletedTask;

        public int Reads => Volatile.Read(ref reads);

        public int Open => Volatile.Read(ref open);

        public int Created => created.Count;

        public int MostOpen { get; private set; }

        public string Key => "counted";

        public string SchemaFragment => "{}";

        public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch) => null;

        public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context)
        {
            if (Faults-- > 0)
            {
                throw new InvalidOperationException("ran out of sockets");
            }

            MostOpen = Math.Max(MostOpen, Interlocked.Increment(ref open));
            var reader = new Reader(this, context.Time);
            created.Add(reader);
            return [reader];
        }

        private sealed class Reader(Kind kind, TimeProvider time) : IProbe
        {
            public IReadOnlyList<string> Signals => ["orders"];

            public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
            {
                Interlocked.Increment(ref kind.reads);
                await kind.Reading();
                return [Sample.Of("orders", time.GetUtcNow(), 1)];
            }

            public ValueTask DisposeAsync()
            {
                Interlocked.Decrement(ref kind.open);
                return kind.Hangs ? new ValueTask(new TaskCompletionSource().Task) : ValueTask.CompletedTask;
            }
        }
    }
}
