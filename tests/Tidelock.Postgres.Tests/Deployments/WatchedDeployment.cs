using System.Globalization;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>The small view's deployment, watched by the error share of an API that reads it.</summary>
internal sealed class WatchedDeployment : IAsyncDisposable
{
    private WatchedDeployment(DeploymentFixture fixture, WatchedApi api) => (Fixture, Api) = (fixture, api);

    public DeploymentFixture Fixture { get; }

    public WatchedApi Api { get; }

    /// <summary>Ticks of the watch so far.</summary>
    public int Ticks => Fixture.Events.ToArray().Count(e => e is WatchTicked { Verdicts.Count: > 0 });

    public static async Task<WatchedDeployment> StartAsync(
        PostgresServer server,
        string watchFor,
        string mode = "automatic",
        string rollBackWhen = "error_rate > 1.5% for 3s"
    )
    {
        var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        var api = await WatchedApi.StartAsync(fixture.Database);
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            yaml.Replace(
                "watch: { for: 1s, every: 200ms }",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""
                    watch:
                      for: {{watchFor}}
                      every: 500ms
                      grace: 2s
                      baseline: 1500ms
                      prometheus: {{api.Prometheus}}
                      probes:
                        error_rate: { prometheus: "{{WatchedApi.ErrorShare}}", unit: ratio }
                        p95: { prometheus: "{{WatchedApi.P95}}", unit: seconds }
                      rollBackWhen: ["{{rollBackWhen}}", downstream fails, contract broken]
                    downstream: [{ name: top, sql: "select * from public.top_scores", within: 2x baseline }]
                    rollback: { automatic: {{(mode is "ask" ? "false" : "true")}}, askFor: 20s }
                    """
                ),
                StringComparison.Ordinal
            )
        );
        return new WatchedDeployment(fixture, api);
    }

    public Task<DeploymentEnd> DeployAsync() => Fixture.DeployAsync();

    public Task UntilTicksAsync(int count) => Polling.UntilAsync(() => Task.FromResult(Ticks >= count));

    public Task UntilAsync(Func<RunEvent, bool> happened) =>
        Polling.UntilAsync(() => Task.FromResult(Fixture.Events.ToArray().Any(happened)));

    /// <summary>A word as it comes out of the journal's inbox.</summary>
    public void Say(RunVerb verb) =>
        Fixture.Requests.Writer.TryWrite(
            new RunRequest.Command(
                new RunCommand(
                    verb.ToString(),
                    new RunId("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2"),
                    verb,
                    "",
                    "lee",
                    TimeProvider.System.GetUtcNow()
                )
            )
        );

    public async ValueTask DisposeAsync()
    {
        await Api.DisposeAsync();
        await Fixture.DisposeAsync();
    }
}
