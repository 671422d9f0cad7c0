using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Gates;

public sealed class StagingGateTests
{
    private const string Soak = "staging: { soak: 24h }";
    private static readonly TimeSpan HalfAnHour = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    [Fact]
    public async Task The_same_digest_must_have_been_on_staging_for_the_whole_time()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        Assert.False(await bench.PassesAsync(new StagingGate()));
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", Day - HalfAnHour, HalfAnHour);
        bench.Time.Advance(HalfAnHour);
        var early = await bench.StandingAsync(new StagingGate());
        Assert.True(early.Refuses);
        Assert.Equal(("gates.staging.too-short", "30 min"), (early.Finding.Code, early.Finding.Arguments["left"]));
        await bench.LookAsync("staging");
        Assert.True(await bench.PassesAsync(new StagingGate()));
    }

    [Fact]
    public async Task Time_in_which_nobody_looked_is_no_stability()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        bench.Time.Advance(Day);
        var unseen = await bench.StandingAsync(new StagingGate());
        Assert.Equal(("gates.staging.unwatched", "0 ms"), (unseen.Finding.Code, unseen.Finding.Arguments["for"]));
        Assert.Contains("tidelock soak", unseen.Finding.ToString(), StringComparison.Ordinal);
        await bench.SoakAsync("staging", TimeSpan.FromHours(20), HalfAnHour);
        bench.Time.Advance(TimeSpan.FromMinutes(61));
        await bench.SoakAsync("staging", TimeSpan.FromHours(20), HalfAnHour);
        Assert.Equal("gates.staging.unwatched", (await bench.StandingAsync(new StagingGate())).Finding.Code);
        await bench.SoakAsync("staging", TimeSpan.FromHours(5), HalfAnHour);
        Assert.True(await bench.PassesAsync(new StagingGate()));
    }

    [Fact]
    public async Task What_was_seen_for_long_enough_counts_also_when_nobody_looks_any_more()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", Day, HalfAnHour);
        bench.Time.Advance(TimeSpan.FromDays(7));
        Assert.True(await bench.PassesAsync(new StagingGate()));
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("gates.staging.outdated", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    [Fact]
    public async Task A_soak_shorter_than_the_gap_needs_a_look_too()
    {
        await using var bench = await GateBench.CreateAsync("staging: { soak: 30m, gap: 1h }");
        await bench.RunAsync("staging", RunResult.Completed);
        bench.Time.Advance(HalfAnHour);
        Assert.False(await bench.PassesAsync(new StagingGate()));
        await bench.LookAsync("staging");
        Assert.True(await bench.PassesAsync(new StagingGate()));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(-600)]
    public async Task A_breach_counts_whatever_the_clock_of_its_machine_said(int minutes)
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", Day, HalfAnHour);
        await bench.LookAsync("staging", breach: "p95 612 ms", ahead: TimeSpan.FromMinutes(minutes));
        Assert.Equal("gates.staging.breached", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    [Fact]
    public async Task A_look_from_a_time_that_was_seen_already_adds_nothing()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", TimeSpan.FromHours(2), HalfAnHour);
        await bench.LookAsync("staging", ahead: TimeSpan.FromHours(30));
        await bench.LookAsync("staging", ahead: -TimeSpan.FromHours(1));
        Assert.Equal("2 h", (await bench.StandingAsync(new StagingGate())).Finding.Arguments["for"]);
    }

    [Fact]
    public async Task Looks_that_somebody_edited_in_the_journal_are_not_counted()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", TimeSpan.FromHours(1), HalfAnHour);
        await bench.LookAsync("staging", breach: "p95 612 ms");
        await bench.EditAsync(
            "update events set payload = replace(payload, 'p95 612 ms', 'p95 212 ms') where kind = 'SoakLooked'"
        );
        var broken = await bench.StandingAsync(new StagingGate());
        Assert.True(broken.Refuses);
        Assert.Equal(("runs.stream-broken", "3"), (broken.Finding.Code, broken.Finding.Arguments["sequence"]));
    }

    [Fact]
    public async Task A_breach_takes_the_time_before_it_away_and_is_named()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", Day, HalfAnHour);
        await bench.LookAsync("staging", breach: "p95 612 ms, bound 424 ms");
        var breached = await bench.StandingAsync(new StagingGate());
        Assert.Equal("gates.staging.breached", breached.Finding.Code);
        Assert.Contains("p95 612 ms", breached.Finding.ToString(), StringComparison.Ordinal);
        await bench.SoakAsync("staging", Day, HalfAnHour);
        Assert.False(await bench.PassesAsync(new StagingGate()));
        await bench.SoakAsync("staging", HalfAnHour, HalfAnHour);
        Assert.True(await bench.PassesAsync(new StagingGate()));
    }

    [Fact]
    public async Task A_look_that_could_not_see_is_none()
    {
        await using var bench = await GateBench.CreateAsync("staging: { soak: 2h, gap: 40m }");
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", TimeSpan.FromHours(1), HalfAnHour);
        bench.Time.Advance(HalfAnHour);
        await bench.LookAsync("staging", unseen: "no data from Prometheus");
        bench.Time.Advance(HalfAnHour);
        await bench.LookAsync("staging");
        var found = await bench.StandingAsync(new StagingGate());
        Assert.Equal(("gates.staging.unwatched", "1 h"), (found.Finding.Code, found.Finding.Arguments["for"]));
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
        await bench.SoakAsync("staging", TimeSpan.FromHours(20), HalfAnHour);
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", TimeSpan.FromHours(10), HalfAnHour);
        Assert.False(await bench.PassesAsync(new StagingGate()));
        await bench.SoakAsync("staging", TimeSpan.FromHours(14), HalfAnHour);
        Assert.True(await bench.PassesAsync(new StagingGate()));
    }

    [Fact]
    public async Task The_database_of_this_deployment_is_no_staging()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        var production = PostgresTarget.Parse("host=127.0.0.1 port=1 dbname=p user=u", variables).ToString();
        await bench.RunAsync("staging", RunResult.Completed, target: production);
        await bench.SoakAsync("staging", Day, HalfAnHour);
        Assert.Equal("gates.staging.same-database", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public async Task What_is_this_database_in_all_but_its_address_is_told_in_red_and_a_restored_copy_is_not(
        int timeline,
        bool isTwin
    )
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        await bench.SoakAsync("staging", Day, HalfAnHour);
        var here = new ServerIdentity("7301234567890123456", timeline, "seedtest", 16390, 150018, false);
        var found = await bench.StandingAsync(new StagingGate((_, _) => Task.FromResult(here)));
        Assert.True(found.Passed);
        Assert.Equal(isTwin, found.Overridden);
        Assert.Equal(isTwin, found.Finding.ToString().Contains("in all but its address", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_look_at_a_change_that_says_nothing_of_what_is_right_sees_nothing()
    {
        await using var bench = await GateBench.CreateAsync(Soak);
        await bench.RunAsync("staging", RunResult.Completed);
        var settings = new TidelockSettings(bench.PathOf("journal.db"), bench.Time);
        await using var services = await TidelockServices.OpenAsync(settings, default);
        var staging = bench.Change.Environments.Single(e => e.Name == "staging");
        var target = PostgresTarget.Parse(staging.Database, new Dictionary<string, string>(StringComparer.Ordinal));
        var request = new DeploymentRequest(bench.Change, staging, target, "kim");
        var (look, _) = await services.Soaking.LookAsync(request, _ => { }, default);
        Assert.Equal("deployments.soak.nothing-to-see", Assert.Single(look!.Unseen).Code);
    }

    [Fact]
    public void A_finding_reads_well_in_both_languages()
    {
        var finding = Message.Of(
            "gates.staging.breached",
            ("environment", "staging"),
            ("at", DateTimeOffset.UnixEpoch),
            ("breach", Message.Of("evidence.said", ("text", "p95 612 ms"))),
            ("for", HalfAnHour),
            ("soak", Day)
        );
        Assert.Contains("p95 612 ms", TextCatalog.Korean.Render(finding), StringComparison.Ordinal);
        Assert.DoesNotContain("{", TextCatalog.Korean.Render(finding), StringComparison.Ordinal);
        Assert.DoesNotContain("{", TextCatalog.English.Render(finding), StringComparison.Ordinal);
    }
}
