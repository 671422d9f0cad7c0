using Tidelock.Gates;
using Tidelock.Runs;

namespace Tidelock.Tests.Gates;

public sealed class ApprovalGateTests
{
    private const string Two = "approval: { required: 2 }";

    [Fact]
    public async Task So_many_different_people_must_approve_however_often_each_does()
    {
        await using var bench = await GateBench.CreateAsync(Two);
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("approval", "Kim");
        Assert.True((await bench.StandingAsync(new ApprovalGate())).Refuses);
        await bench.SayAsync("approval", "lee");
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Passed);
        Assert.Equal("kim, lee", standing.By);
    }

    [Fact]
    public async Task A_person_who_withdraws_does_not_count_and_a_word_on_another_gate_is_no_approval()
    {
        await using var bench = await GateBench.CreateAsync(Two);
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("on-call", "park");
        await bench.SayAsync("approval", "lee");
        await bench.SayAsync("approval", "kim", WordKind.Withdrawn);
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Refuses);
        Assert.Equal("1", standing.Finding.Arguments["given"]);
    }

    [Fact]
    public async Task An_approval_is_of_the_digest_and_outlives_days_and_runs()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1 }");
        await bench.SayAsync("approval", "kim");
        await bench.RunAsync("production", RunResult.RolledBack);
        bench.Time.Advance(TimeSpan.FromDays(30));
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }
}
