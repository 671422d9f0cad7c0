using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>What the watch finds out by itself about a real database, and what was so before the change already.</summary>
public sealed class WatchedFaultTests(PostgresServer server)
{
    private const string Kpi = """
        downstream: [{ name: kpi, sql: "select sum(score * rate) from public.top_scores, public.rates", rows: "= 1" }]

        """;

    [Theory]
    [InlineData("alter table rates rename to rates_of_old", "kpi")]
    [InlineData("alter view scores rename column score to points", "score")]
    public async Task What_breaks_the_contract_or_a_downstream_query_is_taken_back_at_the_second_look(
        string sql,
        string what
    )
    {
        await using var fixture = await WatchedAsync(Kpi);
        var before = await fixture.CatalogAsync();
        var running = DeployAsync(fixture);
        await Polling.UntilAsync(() =>
            Task.FromResult(fixture.Events.ToArray().Count(e => e is WatchTicked { Baseline: false }) >= 2)
        );
        await fixture.Database.ExecuteAsync(sql);
        var end = await running;

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        var reason = fixture.Events.OfType<RollbackStarted>().Single().Reason;
        Assert.Equal("watching.breached.fault", reason.Code);
        Assert.Contains(what, reason.ToString(), StringComparison.Ordinal);
        var looks = fixture
            .Events.OfType<WatchTicked>()
            .SelectMany(t => t.Samples)
            .GroupBy(s => s.Signal)
            .Single(signal => signal.Any(s => s.Value is 0));
        Assert.Equal([false, true, true], looks.Select(s => s.Value is 0).TakeLast(3));
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Theory]
    [InlineData("select * from public.top_scores", "rows: \"= 5\"", "checks.sql.rows")]
    [InlineData("select pg_sleep(1)", "within: 50ms, critical: true", "checks.too-slow")]
    public async Task A_downstream_query_that_fails_before_the_change_refuses_it(string sql, string bound, string code)
    {
        await using var fixture = await WatchedAsync($"downstream: [{{ name: kpi, sql: \"{sql}\", {bound} }}]\n");
        var before = await fixture.CatalogAsync();
        var end = await DeployAsync(fixture);

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        Assert.Equal("steps.baseline.downstream-fails", end.State!.Step("baseline").Finding!.Code);
        Assert.Equal(code, end.State.Step("baseline").Finding!.Parts!["finding"].Code);
        Assert.DoesNotContain(fixture.Events, e => e is MigrationApplied);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Theory]
    [InlineData("healthy: [orders > 0]", "select count(*) from no_such_table", "no_such_table")]
    [InlineData("rollBackWhen: [orders > 2x baseline for 3s]", "select null", "orders")]
    public async Task A_signal_that_cannot_be_seen_before_the_change_refuses_it(string rule, string sql, string what)
    {
        await using var fixture = await WatchedAsync(
            "",
            $"baseline: 3s, probes: {{ orders: {{ sql: \"{sql}\" }} }}, {rule}",
            every: "1s"
        );
        var before = await fixture.CatalogAsync();
        var end = await DeployAsync(fixture);

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        var finding = end.State!.Step("baseline").Finding!;
        Assert.Equal("steps.baseline.blind", finding.Code);
        Assert.Contains(what, finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_bound_that_is_broken_before_the_change_refuses_it_with_the_value_and_the_bound()
    {
        await using var fixture = await WatchedAsync(
            "",
            "baseline: 3s, probes: { orders: { sql: select 7 } }, rollBackWhen: [orders > 5 for 3s]",
            every: "600ms"
        );
        var before = await fixture.CatalogAsync();
        var end = await DeployAsync(fixture);

        Assert.True(end.ExitCode == ExitCode.Refused, end.Finding.ToString());
        var finding = end.State!.Step("baseline").Finding!;
        Assert.Equal("steps.baseline.breached", finding.Code);
        Assert.StartsWith(
            "orders 7 mean over 3 s (bound 5)",
            finding.Parts!["finding"].ToString(),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(fixture.Events, e => e is MigrationApplied);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_baseline_of_nothing_leaves_the_other_criteria_in_force_and_refuses_nothing()
    {
        await using var fixture = await WatchedAsync(
            "",
            "baseline: 1800ms, probes: { orders: { sql: select 0 } }, rollBackWhen: [orders > 2x baseline for 1800ms, orders > 5 for 1800ms]",
            every: "600ms"
        );
        var running = DeployAsync(fixture);
        await Polling.UntilAsync(() => Task.FromResult(fixture.Events.ToArray().Any(e => e is MigrationApplied)));
        var signals = fixture.Events.ToArray().OfType<FactRecorded>().Single(f => f.Name == "signals").Value[0];
        Assert.Equal(0, signals.GetProperty("mean").GetDouble());
        Assert.InRange(signals.GetProperty("count").GetInt32(), 3, 10);
        Assert.False(signals.GetProperty("fromSource").GetBoolean());

        // Unknown at the end is never a success: a person says so.
        fixture.Requests.Writer.TryWrite(
            new RunRequest.Command(
                new RunCommand("1", RunId.New(TimeProvider.System), RunVerb.Rollback, "", "lee", default)
            )
        );
        Assert.Equal(ExitCode.RolledBack, (await running).ExitCode);
    }

    [Fact]
    public async Task A_signal_that_nobody_keeps_has_values_from_the_commit_on_and_one_session_of_the_watch_reads_it()
    {
        const string Sessions =
            "select count(*) from pg_stat_activity where datname = current_database() and query like '%the watch alone%'";
        await using var fixture = await WatchedAsync(
            "",
            $"baseline: 1200ms, probes: {{ sessions: {{ sql: \"{Sessions}\" }} }}, rollBackWhen: [sessions > 5 for 1200ms]",
            every: "400ms"
        );
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            yaml.Replace(
                "\"= 5\" }",
                "\"= 5\" }\n  - { name: slow, sql: select pg_sleep(3) }",
                StringComparison.Ordinal
            )
        );
        var running = DeployAsync(fixture);
        await Polling.UntilAsync(() =>
            Task.FromResult(
                running.IsCompleted
                    || fixture.Events.ToArray().Count(e => e is WatchTicked { Verdicts.Count: > 0 }) >= 3
            )
        );
        Assert.False(running.IsCompleted, string.Join('\n', fixture.Events.ToArray().TakeLast(3)));
        fixture.Requests.Writer.TryWrite(
            new RunRequest.Command(
                new RunCommand("1", RunId.New(TimeProvider.System), RunVerb.Rollback, "", "lee", default)
            )
        );
        Assert.Equal(ExitCode.RolledBack, (await running).ExitCode);
        var ticks = fixture.Events.OfType<WatchTicked>().Where(t => !t.Baseline).ToList();
        var before = fixture
            .Events.SkipWhile(e => e is not MigrationApplied)
            .TakeWhile(e => e is not StepStarted { Step: "watch" })
            .OfType<WatchTicked>()
            .ToList();
        Assert.True(before.Count >= 4, $"{before.Count} ticks before the watch");

        // At the first tick of the watch the server may still list the session that read before it, and a busy one may be late with an answer.
        var seen = ticks
            .Where(t => t != ticks[before.Count])
            .Select(t => t.Samples.Single(s => s.Signal == "sessions").Value)
            .Where(v => v is not null)
            .ToList();
        Assert.True(seen.Count >= 4, $"{seen.Count} values");
        Assert.All(seen, v => Assert.Equal(1, v));
    }

    /// <summary>A run that holds would wait for ever.</summary>
    private static async Task<DeploymentEnd> DeployAsync(DeploymentFixture fixture)
    {
        var running = fixture.DeployAsync();
        await Task.WhenAny(running, Task.Delay(TimeSpan.FromSeconds(100), TimeProvider.System, default));
        Assert.True(running.IsCompleted, string.Join('\n', fixture.Events.ToArray().TakeLast(3)));
        return await running;
    }

    /// <summary>For longer than any of these tests takes: each ends its watch itself.</summary>
    private async Task<DeploymentFixture> WatchedAsync(string sections, string more = "", string every = "200ms")
    {
        var fixture = await DeploymentFixture.CreateAsync(server, sections + DeploymentFixture.Unrehearsed);
        await fixture.Database.ExecuteAsync("create table rates as select 1.5 as rate");
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var yaml = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            yaml.Replace(
                "watch: { for: 1s, every: 200ms }",
                $"watch: {{ for: 2m, every: {every}{(more.Length > 0 ? ", " : "")}{more} }}",
                StringComparison.Ordinal
            )
        );
        return fixture;
    }
}
