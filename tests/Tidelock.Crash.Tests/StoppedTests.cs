using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Watching;

namespace Tidelock.Crash.Tests;

public sealed class StoppedTests(PostgresServer server)
{
    private const string Rule = "zero > 1 for 2s";
    private static readonly TimeSpan Stopped = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task The_time_a_program_was_stopped_in_its_watch_is_unknown_and_does_not_count_as_watched()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await bench.ReplaceAsync(
            "watch: { for: 1s, every: 200ms }",
            $"watch: {{ for: 6s, every: 200ms, baseline: 1s, probes: {{ zero: {{ sql: select 0, unit: number }} }}, rollBackWhen: [{Rule}] }}"
        );
        await using var program = bench.Start("deploy");
        await bench.UntilAsync(program, s => s.Ticks.Count >= 12 && Verdict(s.Ticks[^1]) == VerdictState.Healthy);
        await program.StopAsync();
        var before = (await bench.ReadAsync()).State.Ticks;
        await PassedAsync(Stopped);
        Assert.Equal(before.Count, (await bench.ReadAsync()).State.Ticks.Count);
        await program.ContinueAsync();
        var (code, output) = await program.EndAsync();
        Assert.True(code == 0, output);

        var state = (await bench.ReadAsync()).State;
        Assert.Equal((RunResult.Completed, 1), (state.Result, state.Step("watch").Attempts));
        // The tick that it was stopped in may be of the time before.
        var after = state.Ticks.Skip(before.Count - 1).ToList();
        var gap = Enumerable.Range(1, after.Count - 1).MaxBy(i => after[i].At - after[i - 1].At);
        Assert.InRange(gap, 1, 2);
        Assert.InRange(
            after[gap].At - after[gap - 1].At,
            Stopped - TimeSpan.FromMilliseconds(200),
            TimeSpan.FromMinutes(1)
        );
        Assert.Equal(VerdictState.Unknown, Verdict(after[gap]));
        Assert.Equal(VerdictState.Healthy, Verdict(after[^1]));
        Assert.True(after[^1].At - state.Step("watch").StartedAt >= Stopped + TimeSpan.FromSeconds(4.8));
    }

    private static VerdictState Verdict(WatchTicked tick) => tick.Verdicts.Single(v => v.Criterion == Rule).State;

    /// <summary>The program has to stand still for as long as it takes, by a clock that it does not have.</summary>
    private static async Task PassedAsync(TimeSpan time)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(since) < time)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}
