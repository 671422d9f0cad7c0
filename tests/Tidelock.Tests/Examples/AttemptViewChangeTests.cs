using Tidelock.Changes;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Rollbacks;
using Tidelock.Tests.House;
using Tidelock.Watching;

namespace Tidelock.Tests.Examples;

public sealed class AttemptViewChangeTests
{
    private const string Change = "attempt-view-v1";
    private const string Bad = "attempt-view-v1/bad";

    private static readonly Dictionary<string, string> DatabaseAlone = new(StringComparer.Ordinal)
    {
        ["DATABASE_URL"] = "postgresql://app@db.example/seedtest",
    };

    private static readonly Dictionary<string, string> Everything = new(DatabaseAlone, StringComparer.Ordinal)
    {
        ["STAGING_DATABASE_URL"] = "postgresql://app@staging.example/seedtest",
        ["DEMO_STAGING_URL"] = "postgresql://app@localhost/staging",
        ["DEMO_PRODUCTION_URL"] = "postgresql://app@localhost/production",
        ["API_URL"] = "http://localhost:8080",
        ["DEMO_BACKUPS"] = "/tmp/backups",
        ["PROMETHEUS_URL"] = "http://localhost:9090",
        ["SLACK_BOT_TOKEN"] = "xoxb-1",
        ["PAGERDUTY_TOKEN"] = "pagerduty-reads",
        ["PAGERDUTY_ROUTING_KEY"] = "pagerduty-writes",
        ["GRAFANA_TOKEN"] = "grafana-reads",
        ["GITHUB_TOKEN"] = "github-reads",
    };

    [Theory]
    [InlineData(Change, "staging")]
    [InlineData(Change, "production")]
    [InlineData(Change, "production-monitored")]
    [InlineData(Change, "demo-staging")]
    [InlineData(Change, "demo-production")]
    [InlineData(Bad, "demo-production")]
    public void The_example_reads_without_a_mistake_in_every_environment(string folder, string environment) =>
        Assert.NotNull(Load(folder, environment, Everything));

    [Fact]
    public void DATABASE_URL_alone_is_enough_for_production() =>
        Assert.NotNull(Load(Change, "production", DatabaseAlone));

    [Fact]
    public void Every_item_of_the_checklist_is_a_gate_of_production()
    {
        var gates = Load(Change, "production", DatabaseAlone).Section<GateOptions>();
        GateLevel[] required =
        [
            gates.Staging.Level,
            gates.BackupLevel,
            gates.Approval.Level,
            gates.Announcement.Level,
            gates.Dashboards.Level,
            gates.RollbackPlan,
        ];
        GateLevel[] recommended = [gates.Window.Level, gates.OnCall.Level, gates.Slack.Level];
        Assert.All(required, level => Assert.Equal(GateLevel.Required, level));
        Assert.All(recommended, level => Assert.Equal(GateLevel.Recommended, level));
        Assert.Equal(TimeSpan.FromHours(24), gates.Staging.Soak);
        Assert.Equal(TimeSpan.FromMinutes(30), gates.Announcement.Before);
        Assert.Equal(2, gates.OnCall.People);
        var hours = Assert.Single(gates.Window.Window.Allow);
        Assert.Equal((new TimeOnly(2, 0), new TimeOnly(4, 0)), (hours.From, hours.To));
    }

    [Fact]
    public void The_watch_has_the_criteria_that_were_asked_for_where_all_is_monitored()
    {
        var watch = Load(Change, "production-monitored", Everything).Section<WatchOptions>();
        Assert.Equal(TimeSpan.FromMinutes(30), watch.For);
        Assert.Equal(
            ["error_rate < 0.1%", "p95 < 500ms", "connections within 20% of baseline", "view_queries > 0"],
            watch.Healthy.Select(c => c.Text)
        );
        Assert.Equal(
            [
                "error_rate > 1% for 5m",
                "api_errors > 10% for 5m",
                "error_lines > 60 per minute for 5m",
                "p95 > 2x baseline for 10m",
                "downstream fails",
                "contract broken",
            ],
            watch.RollBackWhen.Select(c => c.Text)
        );
        Assert.Empty(watch.Uncounted);
    }

    [Fact]
    public void The_change_names_whom_to_call()
    {
        var contacts = Load(Change, "production", DatabaseAlone).Contacts.Values;
        Assert.Equal(["PagerDuty", "Slack #db-ops", "Slack #devops"], contacts);
    }

    [Fact]
    public void The_change_points_at_its_guide_its_runbook_its_pull_request_and_its_staging_scripts()
    {
        var links = Load(Change, "production", DatabaseAlone).Links;
        Assert.Equal(["guide", "runbook", "pull request", "staging scripts"], links.Keys);
        Assert.EndsWith("/73", links["pull request"], StringComparison.Ordinal);
    }

    [Fact]
    public void Staging_has_the_migration_the_checks_and_the_way_back_of_production()
    {
        var staging = Load(Change, "staging", Everything);
        var production = Load(Change, "production", Everything);
        Assert.Equal(production.Digest, staging.Digest);
        Assert.Equal(production.Section<SmokeChecks>().Checks, staging.Section<SmokeChecks>().Checks);
        Assert.Equal(production.Section<ApplicationChecks>().Checks, staging.Section<ApplicationChecks>().Checks);
        Assert.Equal(production.Section<RollbackOptions>(), staging.Section<RollbackOptions>());
        Assert.Equal(
            production.Section<WatchOptions>().RollBackWhen.Select(c => c.Text),
            staging.Section<WatchOptions>().RollBackWhen.Select(c => c.Text)
        );
    }

    [Fact]
    public void The_change_can_be_taken_back_by_hand_and_locks_eleven_columns()
    {
        var change = Load(Change, "production", DatabaseAlone);
        Assert.Equal("down.sql", Assert.IsType<ViewMigration>(change.Section<Migration>()).Down?.Path);
        Assert.Equal(11, change.Section<Contract>().Columns.Count);
        Assert.Equal(8, change.Section<Contract>().Columns.Count(c => c.NotNull));
    }

    [Fact]
    public void The_bad_change_promises_the_same_contract()
    {
        var good = Load(Change, "demo-production", Everything).Section<Contract>();
        var bad = Load(Bad, "demo-production", Everything).Section<Contract>();
        Assert.Equal(good.Columns, bad.Columns);
        Assert.Equal(good.Rules, bad.Rules);
    }

    private static Change Load(string folder, string environment, Dictionary<string, string> variables)
    {
        var path = Path.Combine(Repository.Root, "examples", folder);
        var reading = TidelockServices.ChangeLoader.Load(path, environment, variables);
        Assert.Empty(reading.Mistakes);
        return reading.Change!;
    }
}
