using Microsoft.AspNetCore.Http;
using Tidelock.Probes;
using Tidelock.Probes.Http;
using Tidelock.Probes.Postgres;

namespace Tidelock.Tests.Probes;

public sealed class HttpProbeTests
{
    [Theory]
    [InlineData(200)]
    [InlineData(404)]
    public async Task The_latency_of_an_answer_is_a_value_in_seconds(int status)
    {
        await using var server = await StubServer.StartAsync(async context =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(60), TimeProvider.System, context.RequestAborted);
            context.Response.StatusCode = status;
            await context.Response.WriteAsync("ok");
        });
        var sample = await Reading.OneAsync(
            new HttpProbeOptions("s", SignalUnit.Seconds, server.Address, HttpMeasure.Latency)
        );
        Assert.Equal(SampleOutcome.Value, sample.Outcome);
        Assert.InRange(sample.Value!.Value, 0.05, 4);
    }

    [Fact]
    public async Task A_failing_server_has_no_latency()
    {
        await using var server = await StubServer.SayingAsync(503, "");
        var sample = await Reading.OneAsync(
            new HttpProbeOptions("s", SignalUnit.Seconds, server.Address, HttpMeasure.Latency)
        );
        Assert.Equal((SampleOutcome.Error, "probes.http.status"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task A_failing_server_has_a_status()
    {
        await using var server = await StubServer.SayingAsync(503, "");
        var sample = await Reading.OneAsync(
            new HttpProbeOptions("s", SignalUnit.Number, server.Address, HttpMeasure.Status)
        );
        Assert.Equal(503, sample.Value);
    }

    [Fact]
    public async Task A_time_out_is_an_error()
    {
        await using var server = await StubServer.StartAsync(c =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted)
        );
        var options = new HttpProbeOptions("s", SignalUnit.Seconds, server.Address, HttpMeasure.Latency);
        var sample = await Reading.OneAsync(options, TimeSpan.FromMilliseconds(250));
        Assert.Equal((SampleOutcome.Error, "probes.too-late"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_an_error()
    {
        var sample = await Reading.OneAsync(new PostgresConnectionsProbeOptions("s", SignalUnit.Number));
        Assert.Equal(SampleOutcome.Error, sample.Outcome);
        Assert.StartsWith("postgres.connect.", sample.Detail!.Code, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_watch_cancels_its_probes()
    {
        await using var server = await StubServer.StartAsync(c =>
            Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, c.RequestAborted)
        );
        var factory = new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System);
        var options = new HttpProbeOptions("s", SignalUnit.Seconds, server.Address, HttpMeasure.Latency);
        await using var probe = Assert.Single(
            factory.Create([options], Reading.NoDatabase, "t", TimeSpan.FromMinutes(1))
        );
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe.ReadAsync(cancel.Token));
    }
}
