using Tidelock.Cli.Rendering;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Tests.Watching;

/// <summary>A share whose requests nobody counts takes one failed request of a quiet minute for an outage: the plan says so.</summary>
public sealed class UncountedSharesTests : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-shares-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("prometheus: a / b", "errors > 1% for 5m", true)]
    [InlineData("prometheus: a / b, unit: ratio", "queue > 5 or errors > 2x baseline for 5m", true)]
    [InlineData("prometheus: a / b, weight: b", "errors > 1% for 5m", false)]
    [InlineData("prometheus: a / b", "errors > 5 for 5m", false)]
    [InlineData("datadog: a / b, unit: ratio", "errors > 1% for 5m", true)]
    [InlineData("http: 'http://127.0.0.1/healthz', measure: errors", "errors > 10% for 5m", false)]
    public void Who_could_count_and_does_not_is_told(string probe, string rule, bool isTold)
    {
        var rows = Rows(probe, rule);
        var watch = Assert.Single(rows, r => r.Text.Contains("goes back when " + rule, StringComparison.Ordinal));
        var after = rows[rows.IndexOf(watch) + 1];
        Assert.Equal(
            isTold,
            after.Text.StartsWith("nobody counts the requests behind errors: ", StringComparison.Ordinal)
        );
        Assert.Equal(isTold, after.Mark is "!");
    }

    private List<Row> Rows(string probe, string rule)
    {
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            $$"""
            change: scores
            migration: { view: { name: public.scores, definition: new.sql } }
            watch:
              prometheus: http://127.0.0.1:1
              datadog: { site: "http://127.0.0.1:1", apiKey: "${KEY}", applicationKey: "${KEY}" }
              probes: { errors: { {{probe}} }, queue: { command: [./queue], unit: number } }
              rollBackWhen: ["{{rule}}"]
            environments: { production: { database: "postgresql://u@127.0.0.1:1/d" } }
            """
        );
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["KEY"] = "a-key-of-datadog" };
        var reading = TidelockServices.ChangeLoader.Load(folder, "production", variables);
        Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
        var environment = reading.Change!.Environments.Single();
        var target = PostgresTarget.Parse(environment.Database, NoVariables);
        var request = new DeploymentRequest(reading.Change, environment, target, "kim");
        var plan = new DeploymentPlan(Message.Of("test.header"), [], [], [], [], [], []);
        return [.. new PlanScreen(new ReportWords(TextCatalog.English)).Rows(request, plan)];
    }
}
