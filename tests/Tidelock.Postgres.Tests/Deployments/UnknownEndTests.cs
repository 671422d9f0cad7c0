using Tidelock.Deployments;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A run that ended without knowing whether its change is in place: the way back asks the database.</summary>
public sealed class UnknownEndTests(PostgresServer server)
{
    [Theory]
    [InlineData("definition", true)]
    [InlineData("definition", false)]
    [InlineData("downgrade", true)]
    [InlineData("downgrade", false)]
    public async Task What_is_in_place_is_taken_back_and_what_is_not_is_left_alone(string method, bool inPlace)
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var before = await fixture.CatalogAsync();
        var run = await UnknownAsync(fixture, inPlace);
        var made = await ViewAsync(fixture);

        var end = await BackAsync(fixture, run, method);

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Equal((RunResult.RolledBack, false), (end.State!.Result, end.State.InPlace));
        Assert.Equal(before, await fixture.CatalogAsync());
        Assert.Equal(inPlace, made != await ViewAsync(fixture));
        var said = end.State.Step("rollback.revert").Finding!.ToString();
        Assert.Equal(!inPlace, said.Contains("Nothing is in place", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Somebody_elses_view_is_not_run_over_by_a_file_that_expects_the_change()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var before = await fixture.CatalogAsync();
        var run = await UnknownAsync(fixture, inPlace: true);
        await fixture.Database.ExecuteAsync("comment on view public.scores is 'theirs'");
        var theirs = await fixture.CatalogAsync();

        var end = await BackAsync(fixture, run, "downgrade");

        Assert.Equal(ExitCode.NeedsPerson, end.ExitCode);
        Assert.Contains("comment", end.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(theirs, await fixture.CatalogAsync());
        Assert.Equal(ExitCode.RolledBack, (await BackAsync(fixture, run, "definition")).ExitCode);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_run_that_never_came_to_its_migration_has_nothing_to_take_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, Quick);
        var run = await UnknownAsync(fixture, inPlace: false, upTo: "baseline");

        var end = await BackAsync(fixture, run, "definition");

        Assert.Equal((ExitCode.Mistake, "deployments.nothing-in-place"), (end.ExitCode, end.Finding.Code));
    }

    private const string Quick = "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off }\n";

    private static Task<uint> ViewAsync(DeploymentFixture fixture) =>
        fixture.Database.ScalarAsync<uint>("select 'public.scores'::regclass::oid");

    private static async Task<DeploymentEnd> BackAsync(DeploymentFixture fixture, RunId run, string method)
    {
        await using var services = await fixture.OpenAsync();
        return await services.Deployment.RollBackAsync(run, fixture.Request(), method, fixture.Terminal(), default);
    }

    /// <summary>
    /// A real run's journal up to a step's first fact, as one whose transaction's fate the server can no longer tell has it, and its end.
    /// </summary>
    private static async Task<RunId> UnknownAsync(DeploymentFixture fixture, bool inPlace, string upTo = "migrate")
    {
        var done = await fixture.DeployAsync();
        Assert.True(done.ExitCode == ExitCode.Done, done.Finding.ToString());
        var events = fixture.Events.ToList();
        var last = events.FindIndex(e => e is FactRecorded fact && fact.Step == upTo);
        if (!inPlace)
        {
            Assert.Equal(ExitCode.RolledBack, (await BackAsync(fixture, done.Run!.Value, "definition")).ExitCode);
        }

        var ended = new RunEnded(RunResult.NeedsPerson, Message.Of("runs.completed")) { At = events[last].At };
        return await fixture.JournalAsync(events.Take(last + 1).Select(Forgotten).Append(ended));
    }

    /// <summary>An id that was not durable may be a stranger's after a crash: that it committed says nothing.</summary>
    private static RunEvent Forgotten(RunEvent e)
    {
        if (e is not FactRecorded { Step: "migrate", Name: "try" } fact)
        {
            return e;
        }

        var one = System.Text.Json.JsonSerializer.Deserialize(fact.Value, MigrationsJson.Default.MigrationTry)!;
        return fact with
        {
            Value = System.Text.Json.JsonSerializer.SerializeToElement(
                one with
                {
                    IsDurable = false,
                },
                MigrationsJson.Default.MigrationTry
            ),
        };
    }
}
