using Tidelock.Gates;
using Tidelock.Runs;

namespace Tidelock.Tests.Gates;

public sealed class StagingGateTests
{
    private const string Soak = "staging: { soak: 24h }";

    [Fact]
    public async Task The_same_digest_must_have_been_on_staging_for_the_whole_time()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        Assert.False(await bench.PassesAsync(new StagingGate()));
        await bench.RunAsync("staging", RunResult.Completed);
        bench.Time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1));
        var early = await bench.StandingAsync(new StagingGate());
        Assert.True(early.Refuses);
        Assert.Equal("1 s", early.Finding.Arguments["left"]);
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(await bench.PassesAsync(new StagingGate()));
    }

    [Fact]
    public async Task Another_digest_or_another_environment_does_not_count()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed, digest: new string('b', 64));
        await bench.RunAsync("production", RunResult.Completed);
        bench.Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal("gates.staging.never", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    [Theory]
    [InlineData(RunResult.RolledBack)]
    [InlineData(RunResult.NothingChanged)]
    [InlineData(RunResult.Refused)]
    public async Task A_later_run_that_did_not_complete_ends_the_stability(RunResult later)
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        bench.Time.Advance(TimeSpan.FromHours(12));
        await bench.RunAsync("staging", later);
        bench.Time.Advance(TimeSpan.FromHours(24));
        Assert.Equal("gates.staging.not-stable", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    [Fact]
    public async Task The_time_counts_from_the_newest_completion()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        bench.Time.Advance(TimeSpan.FromHours(20));
        await bench.RunAsync("staging", RunResult.Completed);
        bench.Time.Advance(TimeSpan.FromHours(10));
        Assert.False(await bench.PassesAsync(new StagingGate()));
        bench.Time.Advance(TimeSpan.FromHours(14));
        Assert.True(await bench.PassesAsync(new StagingGate()));
    }
}
