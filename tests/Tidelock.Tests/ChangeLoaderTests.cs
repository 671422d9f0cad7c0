using Tidelock.Changes;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Notifications;
using Tidelock.Notifications.Slack;
using Tidelock.Probes.Http;
using Tidelock.Probes.Prometheus;
using Tidelock.Rollbacks;
using Tidelock.Watching;

namespace Tidelock.Tests;

public sealed class ChangeLoaderTests
{
    private static readonly string Example = Path.Combine(AppContext.BaseDirectory, "Changes", "attempt-view");

    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["API_URL"] = "http://api.example:8080",
        ["DATABASE_URL"] = "postgresql://app:secret@db.example/seedtest",
        ["PROMETHEUS_URL"] = "http://prometheus.example:9090",
    };

    [Fact]
    public void The_attempt_view_loads_for_production_with_every_section_understood()
    {
        var change = Load("production", Variables);

        Assert.Equal("attempt-view-v1", change.Name);
        Assert.Equal("data-engineering", change.Owner);
        Assert.Equal(["RUNBOOK.md"], change.Links.Where(l => l.Key == "runbook").Select(l => l.Value));
        Assert.Equal("PagerDuty", change.Contacts["on-call"]);
        Assert.Equal(["attempt.sql", "change.yaml", "kpi.sql"], change.Files.Select(f => f.Path));
        Assert.Equal(
            "postgresql://app:secret@db.example/seedtest",
            change.Environments.Single(e => e.Name == "production").Database
        );

        var view = Assert.IsType<ViewMigration>(change.Section<Migration>());
        Assert.Equal("public.attempt", view.Name.ToString());
        Assert.EndsWith("as session_id", view.Definition.Text, StringComparison.Ordinal);
        Assert.Equal(
            ["bigint", "uuid", "timestamp with time zone", "character varying(20)"],
            change.Section<Contract>().Columns.Select(c => c.Type)
        );
        Assert.Equal(ContentExpectation.Same, change.Section<CompareOptions>().Expect["*"]);
        Assert.Equal(new RowExpectation("=", 5), ((SqlCheck)change.Section<SmokeChecks>().Checks[0]).Rows);
        Assert.Equal(2, change.Section<DownstreamChecks>().Checks[0].WithinBaseline);
        Assert.Equal(3, change.Section<ApplicationChecks>().Checks.Count);
        Assert.Equal("definition", change.Section<RollbackOptions>().Method);
        Assert.Equal("#db-ops", change.Section<NotifyOptions>().Channel<SlackOptions>()?.Channel);
    }

    [Fact]
    public void Probes_take_their_addresses_from_variables_and_the_watch()
    {
        var watch = Load("production", Variables).Section<WatchOptions>();
        Assert.Equal(TimeSpan.FromMinutes(30), watch.For);
        Assert.Equal(
            "http://prometheus.example:9090/",
            watch.Probes.OfType<PrometheusProbeOptions>().First().Server.Address.AbsoluteUri
        );
        Assert.Equal(
            "http://api.example:8080/healthz",
            watch.Probes.OfType<HttpProbeOptions>().Single().Server.Address.AbsoluteUri
        );
        Assert.Equal(4, watch.Healthy.Count);
        Assert.Equal(4, watch.RollBackWhen.Count);
    }

    [Fact]
    public void An_environment_overrides_single_gates_settings_and_whole_probes()
    {
        var variables = new Dictionary<string, string>(Variables, StringComparer.Ordinal)
        {
            ["STAGING_DATABASE_URL"] = "postgresql://staging/seedtest",
        };
        var staging = Load("staging", variables);
        Assert.Equal(GateLevel.Off, staging.Section<GateOptions>().Staging.Level);
        Assert.Equal(1, staging.Section<GateOptions>().Approval.Required);
        Assert.Equal(TimeSpan.FromHours(2), staging.Section<GateOptions>().Backup.MaxAge);
        Assert.Equal(TimeSpan.FromMinutes(15), staging.Section<WatchOptions>().For);
        Assert.Equal(5, staging.Section<WatchOptions>().Probes.Count);
        Assert.Equal(
            "https://staging.example/healthz",
            staging.Section<WatchOptions>().Probes.OfType<HttpProbeOptions>().Single().Server.Address.AbsoluteUri
        );
        Assert.Equal(Load("production", Variables).Digest, staging.Digest);
    }

    [Fact]
    public void A_missing_variable_is_named_for_the_chosen_environment_only()
    {
        var none = new Dictionary<string, string>(StringComparer.Ordinal);
        Assert.Empty(TidelockServices.ChangeLoader.Load(Example, null, none).Mistakes);
        var missing = TidelockServices.ChangeLoader.Load(Example, "production", none).Mistakes;
        Assert.All(missing, m => Assert.Equal("changes.variable.missing", m.Problem.Code));
        Assert.Equal(
            ["API_URL", "DATABASE_URL", "PROMETHEUS_URL"],
            missing.Select(m => m.Problem.Arguments["name"]).Distinct().Order(StringComparer.Ordinal)
        );
    }

    private static Change Load(string? environment, IReadOnlyDictionary<string, string> variables)
    {
        var reading = TidelockServices.ChangeLoader.Load(Example, environment, variables);
        Assert.Empty(reading.Mistakes.Select(m => m.Render(Texts.TextCatalog.English)));
        return reading.Change!;
    }
}
