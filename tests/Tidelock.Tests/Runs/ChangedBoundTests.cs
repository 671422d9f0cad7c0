using System.Text.Json;
using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Tests.Runs;

/// <summary>Bounds that people change while a run is watched. The run, its engine and its journal are real, its watch only waits.</summary>
public sealed class ChangedBoundTests
{
    private const string Errors = "error_rate > 1% for 5m";
    private const string Slow = "p95 > 2x baseline for 10m";
    private static readonly RunId Id = new("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2");

    [Fact]
    public async Task A_tighter_bound_counts_at_once_and_is_journaled_with_who_what_and_why()
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var bound = await SettledAsync(run, Want("1", "kim", Errors, "error_rate > 0.5% for 5m"));
        Assert.Equal(
            ("kim", Errors, "error_rate > 0.5% for 5m", "the import runs", BoundStanding.Applied),
            (bound.By, bound.InsteadOf, bound.Criterion, bound.Reason, bound.Standing)
        );
        Assert.Equal(["error_rate > 0.5% for 5m", Slow, "downstream fails"], await LiveAsync(run));
    }

    [Fact]
    public async Task A_looser_bound_waits_for_a_second_person_and_the_first_one_is_none()
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var bounds = await SettledAsync(
            run,
            Want("1", "kim", Slow, "p95 > 500ms for 10m"),
            Say("2", RunVerb.Confirm, "Kim", "1"),
            Say("3", RunVerb.Confirm, "lee", "1")
        );
        Assert.Equal(
            [
                (BoundStanding.Pending, "kim", "runs.bound.pending"),
                (BoundStanding.Pending, "Kim", "runs.bound.same-person"),
                (BoundStanding.Applied, "lee", "runs.bound.confirmed"),
            ],
            run.Events.OfType<BoundChanged>().Select(b => (b.Standing, b.By, b.Finding.Code))
        );
        Assert.Equal(("kim", "1"), (bounds.AskedBy, bounds.Wish));
        Assert.Equal([Errors, "p95 > 500ms for 10m", "downstream fails"], await LiveAsync(run));
    }

    [Fact]
    public async Task A_bound_that_waits_can_be_taken_back_and_is_confirmed_no_more()
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var bound = await SettledAsync(
            run,
            Want("1", "kim", Errors, "error_rate > 2% for 5m"),
            Say("2", RunVerb.Withdraw, "kim", "1"),
            Say("3", RunVerb.Confirm, "lee", "1")
        );
        Assert.Equal((BoundStanding.Withdrawn, "2"), (bound.Standing, bound.CommandId));
        Assert.Equal([Errors, Slow, "downstream fails"], await LiveAsync(run));
    }

    [Fact]
    public async Task Of_two_wishes_for_the_same_bound_the_one_confirmed_later_finds_it_gone()
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var bound = await SettledAsync(
            run,
            Want("1", "kim", Errors, "error_rate > 2% for 5m"),
            Want("2", "kim", Errors, "error_rate > 3% for 5m"),
            Say("3", RunVerb.Confirm, "lee", "1"),
            Say("4", RunVerb.Confirm, "lee", "2")
        );
        Assert.Equal(
            (BoundStanding.Refused, "runs.bound.no-such", "2"),
            (bound.Standing, bound.Finding.Code, bound.Wish)
        );
        Assert.Equal(["error_rate > 2% for 5m", Slow, "downstream fails"], await LiveAsync(run));
    }

    [Theory]
    [InlineData(Errors, "latency > 1%", "watching.unknown-signal")]
    [InlineData(Errors, "error_rate > 20ms", "watching.unit.ratio")]
    [InlineData(Errors, "error_rate > 1% for 1h", "watching.window-too-long")]
    [InlineData(Errors, "error_rate >", "watching.syntax.unfinished-expected")]
    [InlineData(Errors, "error_rate > 3x baseline for 5m", "runs.bound.no-baseline")]
    [InlineData("error_rate > 5%", "error_rate > 1% for 5m", "runs.bound.no-such")]
    public async Task A_bound_that_cannot_be_judged_in_this_watch_is_refused(string old, string wanted, string code)
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var bound = await SettledAsync(run, Want("1", "kim", old, wanted));
        Assert.Equal((BoundStanding.Refused, code), (bound.Standing, bound.Finding.Code));
    }

    [Fact]
    public async Task A_bound_that_looks_at_less_than_its_values_were_measured_to_be_late_is_refused()
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var running = run.RunAsync(Watching());
        await Polling.UntilAsync(async () => (await run.StoredAsync()).BaselineTicks.Count > 0);
        run.Ask(Want("1", "kim", Slow, "p95 > 2x baseline for 1m"));
        var bound = await TakenAsync(run, "1");
        Assert.Equal((BoundStanding.Refused, "watching.window-behind-data"), (bound.Standing, bound.Finding.Code));
        run.Ask(Say("9", RunVerb.Abort, "kim", ""));
        await running;
    }

    [Fact]
    public async Task Outside_of_its_watch_a_run_takes_no_bound()
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var running = run.RunAsync(ScriptedStep.Waiting("smoke"));
        run.Ask(Want("1", "kim", Errors, "error_rate > 0.5% for 5m"));
        var bound = await TakenAsync(run, "1");
        Assert.Equal((BoundStanding.Refused, BoundChanged.NotWatching), (bound.Standing, bound.Finding.Code));
        run.Ask(Say("9", RunVerb.Abort, "kim", ""));
        await running;
    }

    [Fact]
    public async Task A_wish_that_is_none_is_taken_and_nothing_follows()
    {
        await using var run = await RunFixture.CreateAsync(change: Change());
        var running = run.RunAsync(ScriptedStep.Waiting("watch"));
        run.Ask(Say("1", RunVerb.Bound, "kim", "no wish"));
        run.Ask(Say("9", RunVerb.Abort, "kim", ""));
        var state = await running;
        Assert.Contains("1", state.TakenCommands);
        Assert.Empty(state.Bounds);
    }

    /// <summary>The last thing that became of a bound, once all commands were taken by a run that is watched, and what a restart reads is the same.</summary>
    private static async Task<BoundChanged> SettledAsync(RunFixture run, params RunRequest.Command[] commands)
    {
        var running = run.RunAsync(Watching());
        foreach (var command in commands)
        {
            run.Ask(command);
        }

        var id = commands[^1].Row.Id;
        await Polling.UntilAsync(async () => (await run.StoredAsync()).TakenCommands.Contains(id));
        run.Ask(Say("9", RunVerb.Abort, "kim", ""));
        await run.SameAsStoredAsync(await running);
        return (await run.StoredAsync()).Bounds[^1];
    }

    private static async Task<BoundChanged> TakenAsync(RunFixture run, string id)
    {
        await Polling.UntilAsync(async () => (await run.StoredAsync()).TakenCommands.Contains(id));
        return (await run.StoredAsync()).Bounds.Single();
    }

    /// <summary>By what the run is watched from here on, read back from its journal.</summary>
    private static async Task<IEnumerable<string>> LiveAsync(RunFixture run) =>
        BoundChanges
            .Live(run.Change!.Section<WatchOptions>(), (await run.StoredAsync()).Bounds)
            .RollBackWhen.Select(c => c.Text);

    /// <summary>A watch that goes on until the run is given up; p95 was 212 ms before it, and came two minutes late.</summary>
    private static ScriptedStep Watching() =>
        new(
            "watch",
            async (context, stop) =>
            {
                IReadOnlyList<Sample> before =
                [
                    .. Enumerable.Range(1, 12).Select(i => Sample.Of("p95", SampleEvents.Zero.AddSeconds(-i), 0.212)),
                ];
                var late = TimeSpan.FromMinutes(2);
                IReadOnlyList<SignalDelay> delays = [new("p95", TimeSpan.Zero, late, late)];
                var fact = JsonSerializer.SerializeToElement(delays, RunJson.Readable.IReadOnlyListSignalDelay);
                await context.AppendAsync(new FactRecorded("baseline", RunState.DelaysFact, fact), stop);
                await context.AppendAsync(new WatchTicked(true, before, []), stop);
                return await ((IStep)ScriptedStep.Waiting("watch")).RunAsync(context, stop);
            }
        );

    private static RunRequest.Command Want(string id, string by, string old, string wanted) =>
        Say(id, RunVerb.Bound, by, new BoundWish(old, wanted, "the import runs").Format());

    private static RunRequest.Command Say(string id, RunVerb verb, string by, string argument) =>
        new(new RunCommand(id, Id, verb, argument, by, SampleEvents.Zero));

    private static Change Change()
    {
        var folder = Directory.CreateTempSubdirectory("tidelock-bound-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
            File.WriteAllText(
                Path.Combine(folder, "change.yaml"),
                """
                change: scores
                migration: { view: { name: public.scores, definition: new.sql } }
                downstream: [{ name: all of it, sql: table public.scores }]
                watch:
                  prometheus: http://prometheus.test:9090
                  probes:
                    error_rate: { prometheus: error_rate, unit: ratio }
                    p95: { prometheus: p95, unit: seconds }
                  rollBackWhen: [error_rate > 1% for 5m, p95 > 2x baseline for 10m, downstream fails]
                environments: { production: { database: "postgresql://u@127.0.0.1:1/d" } }
                """
            );
            var variables = new Dictionary<string, string>(StringComparer.Ordinal);
            var reading = TidelockServices.ChangeLoader.Load(folder, "production", variables);
            Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
            return reading.Change!;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
