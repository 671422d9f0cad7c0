using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Tests.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Steps;

/// <summary>A watch that stood still for a while. The server is a small one that speaks Prometheus' protocol; time is the test's.</summary>
public sealed class WatchStepTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-watch-").FullName;
    private readonly FakeTimeProvider time = new(SampleEvents.Zero);
    private readonly Prometheus prometheus;
    private readonly Journaled journal = new();
    private int faults;
    private IReadOnlyList<IProbe> more = [];

    public WatchStepTests() => prometheus = new Prometheus(time);

    public void Dispose()
    {
        prometheus.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_breach_in_the_time_nobody_looked_is_acted_on_at_the_first_tick_after_it()
    {
        await RunAsync(stop: () => journal.State.Ticks.Count >= 3);
        time.Advance(TimeSpan.FromMinutes(10));
        prometheus.Past = 0.05;
        var outcome = await RunAsync(stop: () => false);
        Assert.Equal(StepResult.Breached, outcome!.Result);
        Assert.Contains("error_rate", outcome.Finding.ToString(), StringComparison.Ordinal);

        // The three of before, the past, and the one tick that acted.
        Assert.Equal(5, journal.State.Ticks.Count);
        Assert.Equal(2, journal.State.Step("watch").Attempts);
        var past = journal.State.Ticks[3].Samples;
        Assert.InRange(past.Count, 118, 122);
        Assert.All(past, s => Assert.Equal(0.05, s.Value));
    }

    [Fact]
    public async Task A_time_that_the_source_cannot_tell_is_unknown_and_neither_healthy_nor_a_breach()
    {
        await RunAsync(stop: () => journal.State.Ticks.Count >= 3);
        time.Advance(TimeSpan.FromMinutes(10));
        prometheus.Past = null;
        Assert.Null(await RunAsync(stop: () => journal.State.Ticks.Count >= 6));
        var verdict = journal
            .State.Ticks[^1]
            .Verdicts.Single(v => v.Criterion.StartsWith("error", StringComparison.Ordinal));
        Assert.Equal(VerdictState.Unknown, verdict.State);
    }

    [Fact]
    public async Task A_process_that_was_stopped_asks_for_the_time_it_stood_still()
    {
        prometheus.Past = 0.05;
        var stopped = false;
        var outcome = await RunAsync(
            stop: () => false,
            each: () =>
            {
                if (journal.State.Ticks.Count == 3 && !stopped)
                {
                    stopped = true;
                    time.Advance(TimeSpan.FromMinutes(10));
                }
            }
        );
        Assert.Equal(StepResult.Breached, outcome!.Result);
        Assert.Single(prometheus.Ranges);
        Assert.Equal(5, journal.State.Ticks.Count);
    }

    [Fact]
    public async Task A_bound_that_was_changed_is_judged_by_at_the_next_tick_and_after_a_restart()
    {
        prometheus.Now = 0.006;
        await RunAsync(stop: () => journal.LiveTicks >= 70);
        Assert.Equal(["error_rate > 1% for 5m"], Judged());
        await journal.AppendAsync(Changed("error_rate > 1% for 5m", "error_rate > 0.7% for 5m", "1"), default);
        await RunAsync(stop: () => journal.LiveTicks >= 72);
        Assert.Equal(["error_rate > 0.7% for 5m"], Judged());
        await journal.AppendAsync(Changed("error_rate > 0.7% for 5m", "error_rate > 0.5% for 5m", "2"), default);
        var outcome = await RunAsync(stop: () => false);
        Assert.Equal((StepResult.Breached, 73), (outcome!.Result, journal.LiveTicks));
        Assert.Equal(["error_rate > 0.5% for 5m"], Judged());
    }

    [Fact]
    public async Task A_healthy_watch_asks_for_no_past_and_ends_when_its_time_is_over()
    {
        // The database is away, so only the API's signal is judged.
        var outcome = await RunAsync(stop: () => false);
        Assert.Equal(StepResult.Passed, outcome!.Result);
        Assert.Empty(prometheus.Ranges);
        Assert.Equal(SampleEvents.Zero.AddMinutes(30), journal.State.Ticks[^1].At);
    }

    private IEnumerable<string> Judged() => journal.State.Ticks[^1].Verdicts.Select(v => v.Criterion);

    private static BoundChanged Changed(string old, string wanted, string id) =>
        new(id, id, old, wanted, "why", "kim", "kim", BoundStanding.Applied, Message.Of("runs.bound.tighter"));

    [Fact]
    public async Task A_fault_of_the_watch_itself_holds_the_run_and_takes_nothing_back()
    {
        faults = 1;
        Assert.Null(await RunAsync(stop: () => journal.State.Ticks.Count >= 3));
        var held = Assert.Single(journal.Events.OfType<RunHeld>());
        Assert.Equal(("steps.watch.faulted", null), (held.Reason.Code, held.Until));
        Assert.Contains("ran out of sockets", held.Reason.ToString(), StringComparison.Ordinal);
        Assert.Equal("steps.watch.sees-again", Assert.Single(journal.Events.OfType<RunContinued>()).Reason.Code);
        Assert.Null(journal.State.Held);
    }

    [Fact]
    public async Task Probes_are_ended_beside_each_other_and_before_the_way_back_begins()
    {
        var (one, other) = (new EndsWithAnother("one"), new EndsWithAnother("other"));
        (one.Another, other.Another) = (other, one);
        more = [one, other];
        prometheus.Now = 0.5;
        var outcome = await RunAsync(stop: () => false);
        Assert.Equal(StepResult.Breached, outcome!.Result);
        Assert.True(one.IsEnded && other.IsEnded);
    }

    [Fact]
    public async Task However_often_people_extend_it_the_watch_can_tell_its_end()
    {
        await journal.AppendAsync(new CommandTaken("1", RunVerb.Extend, "lee", "999999d"), default);
        await journal.AppendAsync(new CommandTaken("2", RunVerb.Extend, "lee", "999999d"), default);
        await journal.AppendAsync(new CommandTaken("3", RunVerb.Extend, "lee", "999999d"), default);
        await journal.AppendAsync(new CommandTaken("4", RunVerb.Extend, "lee", "15m"), default);
        Assert.Null(await RunAsync(stop: () => journal.State.Ticks.Count >= 2));
        Assert.Empty(journal.Events.OfType<RunHeld>());
        Assert.Equal(TimeSpan.FromDays(21) + TimeSpan.FromMinutes(15), journal.State.ExtendedBy);
    }

    [Fact]
    public async Task What_a_source_that_was_out_of_reach_kept_is_asked_for_as_soon_as_it_answers_again()
    {
        prometheus.Past = 0.05;
        var outcome = await RunAsync(
            stop: () => false,
            each: () => prometheus.IsAway = journal.LiveTicks is > 3 and < 64
        );
        Assert.Equal(StepResult.Breached, outcome!.Result);
        Assert.Single(prometheus.Ranges);

        // It answers again at the 65th tick, and that one acts.
        Assert.Equal(65, journal.LiveTicks);
    }

    [Fact]
    public async Task A_source_that_cannot_tell_its_past_yet_is_asked_again_a_minute_later()
    {
        prometheus.Past = null;
        var outcome = await RunAsync(
            stop: () => false,
            each: () =>
            {
                prometheus.IsAway = journal.LiveTicks is > 3 and < 64;
                prometheus.Past = journal.LiveTicks > 70 ? 0.05 : null;
                prometheus.Now = journal.LiveTicks > 63 ? 0.05 : 0;
            }
        );
        Assert.Equal(StepResult.Breached, outcome!.Result);
        Assert.Equal(2, prometheus.Ranges.Distinct(StringComparer.Ordinal).Count() + 1);
        Assert.Equal(65 + 12, journal.LiveTicks);
    }

    [Fact]
    public async Task What_happened_between_the_change_and_the_watch_is_asked_for_at_its_first_tick()
    {
        await journal.AppendAsync(
            new MigrationApplied("7", Message.Of("test.applied")) { At = SampleEvents.Zero },
            default
        );
        time.Advance(TimeSpan.FromMinutes(8));
        prometheus.Past = prometheus.Now = 0.05;
        var outcome = await RunAsync(stop: () => false);
        Assert.Equal(StepResult.Breached, outcome!.Result);

        // A minute of it must be of the watch itself: what verify put on the server is over by then.
        Assert.InRange(
            journal.State.Ticks[^1].At - SampleEvents.Zero.AddMinutes(8),
            TimeSpan.FromSeconds(55),
            TimeSpan.FromSeconds(65)
        );
    }

    [Fact]
    public async Task What_was_read_beside_the_steps_before_the_watch_is_judged_and_only_what_is_missing_is_asked_for()
    {
        await journal.AppendAsync(
            new MigrationApplied("7", Message.Of("test.applied")) { At = SampleEvents.Zero },
            default
        );
        for (var second = 5; second <= 480; second += 5)
        {
            var at = SampleEvents.Zero.AddSeconds(second);
            var sample = second is > 120 and < 180
                ? Sample.Error("error_rate", at, Message.Of("probes.not-a-number"))
                : Sample.Of("error_rate", at, 0.05);
            await journal.AppendAsync(new WatchTicked(false, [sample], []) { At = at }, default);
        }

        time.Advance(TimeSpan.FromMinutes(8));
        prometheus.Past = prometheus.Now = 0.05;
        var outcome = await RunAsync(stop: () => false);
        Assert.Equal(StepResult.Breached, outcome!.Result);
        var hole = SampleEvents.Zero.AddSeconds(120).ToUnixTimeSeconds();
        Assert.Equal([hole.ToString(CultureInfo.InvariantCulture)], prometheus.Ranges);

        // What is in the journal already is not told a second time.
        var told = Assert.Single(journal.State.Ticks, t => t.Samples.Count > 1).Samples;
        Assert.InRange(told.Count, 10, 13);
        Assert.All(
            told,
            s => Assert.InRange(s.At, SampleEvents.Zero.AddSeconds(120), SampleEvents.Zero.AddSeconds(180))
        );

        // A minute of it must be of the watch itself.
        Assert.InRange(
            journal.State.Ticks[^1].At - SampleEvents.Zero.AddMinutes(8),
            TimeSpan.FromSeconds(55),
            TimeSpan.FromSeconds(65)
        );
    }

    [Fact]
    public async Task What_was_past_its_bound_only_until_the_watch_began_takes_nothing_back()
    {
        await journal.AppendAsync(
            new MigrationApplied("7", Message.Of("test.applied")) { At = SampleEvents.Zero },
            default
        );
        time.Advance(TimeSpan.FromMinutes(8));
        prometheus.Past = 0.05;
        Assert.Null(await RunAsync(stop: () => journal.LiveTicks >= 30));
        Assert.Single(prometheus.Ranges);
    }

    [Theory]
    [InlineData(20, 0)]
    [InlineData(90, 90)]
    public async Task The_baseline_is_of_the_minute_before_this_run_put_a_load_on_the_server(int minutes, int end)
    {
        await journal.AppendAsync(new StepStarted("backup", 1) { At = SampleEvents.Zero }, default);
        time.Advance(TimeSpan.FromMinutes(minutes));
        prometheus.Past = 0.05;
        await MeasureAsync(stop: () => false);
        var start = SampleEvents.Zero.AddMinutes(end - 1).ToUnixTimeSeconds();
        Assert.Equal(start.ToString(CultureInfo.InvariantCulture), prometheus.Ranges[0]);
        Assert.Equal(13, Assert.Single(journal.State.BaselineTicks).Samples.Count);
        var frozen = journal.State.Fact("baseline", SignalBaseline.Fact)!.Value[0];
        Assert.Equal(0.05, frozen.GetProperty("mean").GetDouble(), 6);
        Assert.True(frozen.GetProperty("fromSource").GetBoolean());
    }

    [Theory]
    [InlineData(20, 0.05)]
    [InlineData(20, 0)]
    [InlineData(0, 0.05)]
    public async Task What_is_past_its_bound_before_the_change_is_of_just_now_and_not_of_before_the_backup(
        int minutes,
        double now
    )
    {
        await journal.AppendAsync(new StepStarted("backup", 1) { At = SampleEvents.Zero }, default);
        time.Advance(TimeSpan.FromMinutes(minutes));
        prometheus.Past = minutes > 0 ? 0.05 - now : now;
        prometheus.PastLater = now;
        var seen = await MeasureAsync(stop: () => false);
        Assert.Equal(minutes > 0 ? 2 : 1, prometheus.Ranges.Count);
        var breach = new EarlierBreach(Context().Change.Section<WatchOptions>(), seen).IsExceeded();
        Assert.Equal(now > 0.01, breach is not null);
    }

    [Fact]
    public async Task What_the_runs_own_backup_made_slow_is_not_judged()
    {
        await journal.AppendAsync(new StepStarted("backup", 1) { At = SampleEvents.Zero }, default);
        time.Advance(TimeSpan.FromMinutes(20));
        var ended = new StepEnded("backup", StepResult.Passed, Message.Of("test.done"));
        await journal.AppendAsync(ended with { At = time.GetUtcNow() - TimeSpan.FromSeconds(20) }, default);
        (prometheus.Past, prometheus.PastLater) = (0, 0.05);

        var seen = await MeasureAsync(stop: () => false);

        Assert.Single(prometheus.Ranges);
        Assert.Null(new EarlierBreach(Context().Change.Section<WatchOptions>(), seen).IsExceeded());
    }

    [Fact]
    public async Task A_baseline_that_the_source_does_not_keep_is_measured_live_and_goes_on_where_it_was_cut_off()
    {
        prometheus.Past = null;
        prometheus.Now = 0.02;
        await MeasureAsync(stop: () => journal.State.BaselineTicks.Count >= 5);
        await MeasureAsync(stop: () => false);
        Assert.Single(prometheus.Ranges);
        Assert.Equal(13, journal.State.BaselineTicks.Count);
        var frozen = journal.State.Fact("baseline", SignalBaseline.Fact)!.Value[0];
        Assert.Equal(0.02, frozen.GetProperty("mean").GetDouble(), 6);
        Assert.False(frozen.GetProperty("fromSource").GetBoolean());
    }

    /// <summary>Its values are two minutes and a bit late, which the change does not say.</summary>
    [Fact]
    public async Task How_late_values_come_is_measured_before_the_change_and_they_are_read_and_judged_so_late_after_a_restart_too()
    {
        prometheus.Late = TimeSpan.FromSeconds(137);
        await MeasureAsync(stop: () => false);
        var late = TimeSpan.FromSeconds(140);
        var expected = new SignalDelay("error_rate", TimeSpan.Zero, prometheus.Late, late);
        Assert.Equal([expected], journal.State.Delays);
        Assert.Equal("error_rate comes 2 min 20 s late", SourceDelays.Told(journal.State)?.ToString());
        var start = (time.GetUtcNow() - TimeSpan.FromMinutes(1) - late).ToUnixTimeSeconds();
        Assert.Equal([start.ToString(CultureInfo.InvariantCulture)], prometheus.Ranges);

        await RunAsync(stop: () => journal.LiveTicks >= 3);
        prometheus.Late = TimeSpan.Zero;
        await RunAsync(stop: () => journal.LiveTicks >= 6);
        Assert.All(
            journal.State.Ticks.Where(t => t.Verdicts.Count > 0),
            t => Assert.Equal(late, t.At - t.Samples[0].At)
        );
        Assert.Equal(late, Assert.Single(journal.State.Rules!.Signals).Delay);
        Assert.Equal(StepResult.Passed, (await RunAsync(stop: () => false))!.Result);
        var began = journal.State.Step("watch").StartedAt!.Value;
        Assert.Equal(TimeSpan.FromMinutes(30) + late, journal.State.Ticks[^1].At - began);
    }

    /// <summary>As the errors of a pod that was replaced: the query rightly says 0, and the newest point is of long ago.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(30)]
    public async Task A_series_that_has_stopped_is_not_late_and_what_is_declared_counts(int minutes)
    {
        prometheus.StoppedAt = time.GetUtcNow().AddMinutes(-minutes);
        await MeasureAsync(stop: () => false);
        var stopped = Assert.Single(journal.State.Delays);
        Assert.Equal((TimeSpan.FromMinutes(minutes), TimeSpan.Zero), (stopped.Newest, stopped.Counts));
        Assert.Equal(
            "error_rate: no new value came within a minute, so the declared delay counts",
            SourceDelays.Told(journal.State)?.ToString()
        );
        Assert.Null(SourceDelays.Unkept(Context("baseline")));
        Assert.Equal(SampleEvents.Zero.AddMinutes(1), time.GetUtcNow());
        var start = SampleEvents.Zero.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        Assert.Equal([start], prometheus.Ranges);
    }

    [Fact]
    public async Task A_value_that_comes_while_it_is_looked_for_tells_that_they_are_not_late()
    {
        prometheus.StoppedAt = time.GetUtcNow().AddMinutes(-30);
        prometheus.GoesOnAt = time.GetUtcNow().AddSeconds(20);
        await MeasureAsync(stop: () => false);
        var known = Assert.Single(journal.State.Delays);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero, null), (known.Newest, known.Counts, known.Detail));
        Assert.Equal(prometheus.GoesOnAt, time.GetUtcNow());
    }

    [Fact]
    public async Task A_rule_that_looks_at_less_than_values_are_late_is_told_before_the_change_and_no_baseline_is_taken()
    {
        prometheus.Late = TimeSpan.FromMinutes(15);
        await MeasureAsync(stop: () => false);
        var unkept = SourceDelays.Unkept(Context("baseline"))!;
        Assert.StartsWith(
            "\"error_rate > 1% for 5m\" looks at 5 min, but data of error_rate come 15 min late: give it at least as long. ",
            TextCatalog.English.Render(unkept),
            StringComparison.Ordinal
        );
        Assert.Empty(journal.State.BaselineTicks);
    }

    [Fact]
    public async Task A_source_that_cannot_tell_how_late_it_is_says_why_and_what_is_declared_counts()
    {
        prometheus.IsAway = true;
        await MeasureAsync(stop: () => journal.State.BaselineTicks.Count >= 1);
        var untold = Assert.Single(journal.State.Delays);
        Assert.Equal((null, TimeSpan.Zero), (untold.Newest, untold.Counts));
        Assert.Equal("probes.prometheus.not-understood", untold.Detail?.Code);
    }

    /// <summary>Prometheus carries the last value on for five minutes, and dates it anew each time.</summary>
    [Fact]
    public async Task A_value_that_is_only_carried_on_holds_the_run_and_takes_nothing_back()
    {
        (prometheus.Now, prometheus.Past) = (0.005, 0.005);
        Assert.Null(
            await RunAsync(
                stop: () => journal.State.Held is null && journal.Events.OfType<RunContinued>().Any(),
                each: () =>
                {
                    prometheus.StoppedAt ??= journal.LiveTicks == 12 ? time.GetUtcNow() : null;
                    prometheus.StoppedAt = journal.State.Held is null ? prometheus.StoppedAt : DateTimeOffset.MaxValue;
                }
            )
        );
        var held = Assert.Single(journal.Events.OfType<RunHeld>());
        Assert.Equal("watching.hold.no-data", held.Reason.Code);
        Assert.Contains("the newest value is", held.Reason.ToString(), StringComparison.Ordinal);
        var stale = journal.State.Ticks.SelectMany(t => t.Samples).Where(s => s.Outcome is SampleOutcome.NoData);
        Assert.InRange(stale.Count(), 24, 27);
    }

    [Fact]
    public async Task A_source_that_is_scraped_every_three_minutes_is_seen_in_every_tick()
    {
        prometheus.Apart = TimeSpan.FromMinutes(3);
        Assert.Equal(StepResult.Passed, (await RunAsync(stop: () => false))!.Result);
        Assert.All(journal.State.Ticks.SelectMany(t => t.Samples), s => Assert.Equal(SampleOutcome.Value, s.Outcome));
        Assert.Empty(journal.Events.OfType<RunHeld>());
    }

    [Fact]
    public async Task A_machine_whose_clock_is_behind_is_told_so_and_reads_what_is_of_now()
    {
        prometheus.Ahead = TimeSpan.FromMinutes(4);
        prometheus.Past = 0;
        await MeasureAsync(stop: () => false);
        Assert.Equal(SourceClock.Differs, Assert.Single(journal.State.Delays).Detail?.Code);
        Assert.Contains(
            "ahead of this machine's",
            SourceDelays.Told(journal.State)?.ToString(),
            StringComparison.Ordinal
        );
        await RunAsync(stop: () => journal.LiveTicks >= 3);
        Assert.All(
            journal.State.Ticks,
            t =>
            {
                var sample = Assert.Single(t.Samples);
                Assert.Equal((SampleOutcome.Value, SourceClock.Differs), (sample.Outcome, sample.Detail?.Code));
                Assert.Equal(0, (t.At - sample.At).TotalSeconds, 0.01);
            }
        );
        Assert.Contains(journal.Progress, p => p.Code is "steps.watch.clock");
        Assert.All(prometheus.Moments.Skip(1), m => Assert.InRange(m.Ahead.TotalSeconds, 239, 242));
    }

    /// <summary>Measures the baseline, with a tick each time it waits for one, until it has or the test stops it.</summary>
    private async Task<IReadOnlyList<Sample>> MeasureAsync(Func<bool> stop)
    {
        using var stopping = new CancellationTokenSource();
        using var http = new HttpClient(prometheus, disposeHandler: false);
        journal.Clock = time;
        var seen = journal.Looks;
        var factory = new ProbeFactory(TidelockServices.ProbeKinds, time, prometheus);
        var running = SignalBaseline.MeasureAsync(Context("baseline"), new Ground(http), factory, stopping.Token);
        var since = TimeProvider.System.GetTimestamp();
        while (!running.IsCompleted && !stop())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(20), "It stands still.");
            if (journal.Looks is var looks && looks > seen)
            {
                (seen, since) = (looks, TimeProvider.System.GetTimestamp());
                time.Advance(TimeSpan.FromSeconds(5));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, default);
        }

        await stopping.CancelAsync();
        await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.True(running.IsCompletedSuccessfully || running.IsCanceled, running.Exception?.ToString());
        return running.IsCompletedSuccessfully ? await running : [];
    }

    /// <summary>Runs the step as a program does, with a tick each time it waits for one; null when it was stopped.</summary>
    private async Task<StepOutcome?> RunAsync(Func<bool> stop, Action? each = null)
    {
        await journal.AppendAsync(
            new StepStarted("watch", journal.State.Step("watch").Attempts + 1) { At = time.GetUtcNow() },
            default
        );
        using var stopping = new CancellationTokenSource();
        var factory = new ProbeFactory([new FaultyKind(this), .. TidelockServices.ProbeKinds], time, prometheus);
        using var http = new HttpClient(prometheus, disposeHandler: false);
        journal.Clock = time;

        // Time passes only between two readings: one that is under way would be too late.
        var seen = journal.Beats;
        var running = new WatchStep(new Ground(http), factory).RunAsync(Context(), stopping.Token);
        var since = TimeProvider.System.GetTimestamp();
        while (!running.IsCompleted && !stop())
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(20),
                "The watch stands still."
            );
            if (journal.Beats is var ticks && ticks > seen)
            {
                (seen, since) = (ticks, TimeProvider.System.GetTimestamp());
                each?.Invoke();
                time.Advance(TimeSpan.FromSeconds(5));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, default);
        }

        if (running.IsCompleted)
        {
            return await running;
        }

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        return null;
    }

    private StepContext Context(string step = "watch")
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            """
            change: scores
            migration: { view: { name: public.scores, definition: new.sql } }
            watch:
              prometheus: http://prometheus.test:9090
              probes: { error_rate: { prometheus: error_rate, unit: ratio } }
              rollBackWhen: [error_rate > 1% for 5m]
            environments: { production: { database: "postgresql://u@127.0.0.1:1/d" } }
            """
        );
        var reading = TidelockServices.ChangeLoader.Load(folder, "production", variables);
        Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
        return new StepContext(
            step,
            new RunId("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2"),
            reading.Change!,
            reading.Change!.Environments.Single(),
            PostgresTarget.Parse("postgresql://u@127.0.0.1:1/d", variables),
            time,
            journal,
            journal
        );
    }

    /// <summary>Cannot make its probes as often as the test says.</summary>
    private sealed class FaultyKind(WatchStepTests test) : IProbeKind
    {
        public string Key => "faulty";

        public string SchemaFragment => "{}";

        public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch) => null;

        public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
            test.faults-- > 0 ? throw new InvalidOperationException("ran out of sockets") : test.more;
    }

    /// <summary>Does not come to its end before another is being ended too.</summary>
    private sealed class EndsWithAnother(string signal) : IProbe
    {
        private readonly TaskCompletionSource ending = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndsWithAnother? Another { get; set; }

        public bool IsEnded { get; private set; }

        public IReadOnlyList<string> Signals => [signal];

        public Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
            Task.FromResult<IReadOnlyList<Sample>>([Sample.Of(signal, SampleEvents.Zero, 1)]);

        public async ValueTask DisposeAsync()
        {
            ending.TrySetResult();
            await Another!.ending.Task.WaitAsync(TimeSpan.FromSeconds(10), TimeProvider.System);
            IsEnded = true;
        }
    }

    private sealed class Journaled : IRunWriter, IRunObserver
    {
        public RunState State { get; private set; } = RunState.Empty;

        public TimeProvider Clock { get; set; } = TimeProvider.System;

        /// <summary>How many ticks were judged; the past is none.</summary>
        public int LiveTicks => State.Ticks.Count(t => t.Verdicts.Count > 0);

        /// <summary>How often time may pass: after a tick, or when one came to nothing.</summary>
        public int Beats => LiveTicks + Events.Count(e => e is RunHeld { Reason.Code: "steps.watch.faulted" });

        /// <summary>The same of the baseline: after a look at how late values come, or at the values.</summary>
        public int Looks => State.BaselineTicks.Count + Progress.Count(p => p.Code is "steps.baseline.dating");

        public ConcurrentQueue<RunEvent> Events { get; } = [];

        public Task AppendAsync(RunEvent e, CancellationToken cancellation)
        {
            Events.Enqueue(e);
            State = (e.At == default ? e with { At = Clock.GetUtcNow() } : e).Apply(State);
            return Task.CompletedTask;
        }

        public void Happened(RunEvent e, RunState state) { }

        public ConcurrentQueue<Message> Progress { get; } = [];

        public void Progressed(string step, Message progress) => Progress.Enqueue(progress);

        public void Warned(Message warning) { }
    }

    /// <summary>What it is now is healthy unless the test says otherwise; its past is what the test says, null for one that it cannot tell.</summary>
    private sealed class Prometheus(TimeProvider time) : HttpMessageHandler
    {
        /// <summary>How late its points come.</summary>
        public TimeSpan Late { get; set; }

        /// <summary>When the last of them came; null while they come.</summary>
        public DateTimeOffset? StoppedAt { get; set; }

        /// <summary>How far its clock is ahead of the test's.</summary>
        public TimeSpan? Ahead { get; set; }

        /// <summary>How far they are apart; zero for one at any time.</summary>
        public TimeSpan Apart { get; set; }

        /// <summary>When they come again.</summary>
        public DateTimeOffset GoesOnAt { get; set; } = DateTimeOffset.MaxValue;

        /// <summary>The times it was asked about, and how far ahead of the test's they were.</summary>
        public ConcurrentQueue<(string Time, TimeSpan Ahead)> Moments { get; } = [];

        public double? Past { get; set; } = 0;

        /// <summary>What it tells of its past from the second time on; the same where the test says nothing.</summary>
        public double? PastLater { get; set; }

        public double Now { get; set; }

        /// <summary>Whether it fails now; it goes on keeping what it sees.</summary>
        public bool IsAway { get; set; }

        public List<string> Ranges { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            var answer = await AnswerAsync(request, cancellationToken);
            answer.Headers.Date = time.GetUtcNow() + Ahead;
            return answer;
        }

        private async Task<HttpResponseMessage> AnswerAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            if (IsAway)
            {
                return new HttpResponseMessage(HttpStatusCode.InternalServerError);
            }

            var form = (await request.Content!.ReadAsStringAsync(cancellationToken))
                .Split('&')
                .Select(p => p.Split('='))
                .ToDictionary(p => p[0], p => p[1], StringComparer.Ordinal);
            if (form["query"].StartsWith("label_replace", StringComparison.Ordinal))
            {
                if (request.RequestUri!.AbsolutePath.EndsWith("query_range", StringComparison.Ordinal))
                {
                    return Answer("matrix", $$"""{"metric":{"selector":"0"},"values":[{{Points(form, Newest)}}]}""");
                }

                var now = time.GetUtcNow() + (Ahead ?? TimeSpan.Zero);
                var newest = Newest(Milliseconds(now) / 1000);
                var isAsked =
                    (Milliseconds(now) / 1000) - newest < TimeSpan.FromMinutes(5).TotalSeconds
                    || form["query"].Contains("max_over_time", StringComparison.Ordinal);
                return Answer(
                    "vector",
                    isAsked
                        ? string.Create(
                            CultureInfo.InvariantCulture,
                            $$"""{"metric":{"selector":"0"},"value":[{{form["time"]}},"{{newest}}"]}"""
                        )
                        : ""
                );
            }

            if (!request.RequestUri!.AbsolutePath.EndsWith("query_range", StringComparison.Ordinal))
            {
                var asked = DateTimeOffset.FromUnixTimeMilliseconds((long)(Number(form["time"]) * 1000));
                Moments.Enqueue((form["time"], asked - time.GetUtcNow()));
                return Answer(
                    "vector",
                    $$"""{"metric":{},"value":[{{form["time"]}},"{{Now.ToString(CultureInfo.InvariantCulture)}}"]}"""
                );
            }

            Ranges.Add(form["start"]);
            return (Ranges.Count > 1 ? PastLater ?? Past : Past) is { } past
                ? Answer("matrix", $$"""{"metric":{},"values":[{{Points(form, _ => past)}}]}""")
                : new HttpResponseMessage(HttpStatusCode.BadRequest);
        }

        /// <summary>The time of the newest point there is at a time, both in seconds.</summary>
        private double Newest(double at)
        {
            var come = (at * 1000) - Late.TotalMilliseconds;
            come -= Apart > TimeSpan.Zero ? come % Apart.TotalMilliseconds : 0;
            var isStopped = StoppedAt is { } stop && Milliseconds(stop) < come && at * 1000 < Milliseconds(GoesOnAt);
            return Math.Round(isStopped ? Milliseconds(StoppedAt!.Value) : come) / 1000;
        }

        private static double Milliseconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds();

        private static string Points(Dictionary<string, string> form, Func<double, double> value)
        {
            var (start, end) = (Number(form["start"]), Number(form["end"]));
            var step = Number(form["step"]);
            return string.Join(
                ',',
                Enumerable
                    .Range(0, (int)Math.Floor((end - start) / step) + 1)
                    .Select(i =>
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"[{start + (i * step)},\"{value(start + (i * step))}\"]"
                        )
                    )
            );
        }

        private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

        private static HttpResponseMessage Answer(string type, string series) =>
            new(HttpStatusCode.OK)
            {
                Content = new StringContent(
                    $$$"""{"status":"success","data":{"resultType":"{{{type}}}","result":[{{{series}}}]}}""",
                    Encoding.UTF8,
                    "application/json"
                ),
            };
    }
}
