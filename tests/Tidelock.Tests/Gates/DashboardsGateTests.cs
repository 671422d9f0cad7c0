using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Tests.Probes;

namespace Tidelock.Tests.Gates;

public sealed class DashboardsGateTests : IDisposable
{
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler());

    [Fact]
    public async Task Every_dashboard_must_answer()
    {
        await using var good = await StubServer.SayingAsync(200, "ok");
        await using var bad = await StubServer.SayingAsync(503, "down");
        await using var answering = await GateBench.CreateAsync($"dashboards: ['{good.Address}']");
        Assert.True(await answering.PassesAsync(new DashboardsGate(http)));

        await using var broken = await GateBench.CreateAsync($"dashboards: ['{good.Address}', '{bad.Address}']");
        var standing = await broken.StandingAsync(new DashboardsGate(http));
        Assert.True(standing.Refuses);
        Assert.Contains("503", standing.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_they_do_not_answer_a_person_may_say_that_they_are_open_for_this_start()
    {
        await using var bench = await GateBench.CreateAsync("dashboards: ['http://127.0.0.1:1/d/seedtest']");
        Assert.True((await bench.StandingAsync(new DashboardsGate(http))).Refuses);
        await bench.SayAsync("dashboards", "kim", note: "Grafana is open on the wall");
        Assert.Equal("kim", (await bench.StandingAsync(new DashboardsGate(http))).By);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        await bench.RunAsync("production", RunResult.Completed);
        Assert.Equal("gates.word-used-up", (await bench.StandingAsync(new DashboardsGate(http))).Finding.Code);
    }

    [Fact]
    public async Task Without_an_address_only_a_persons_word_passes()
    {
        await using var bench = await GateBench.CreateAsync("dashboards: required");
        Assert.Equal("gates.dashboards.none", (await bench.StandingAsync(new DashboardsGate(http))).Finding.Code);
        await bench.SayAsync("dashboards", "kim");
        Assert.True(await bench.PassesAsync(new DashboardsGate(http)));
    }

    public void Dispose() => http.Dispose();
}
