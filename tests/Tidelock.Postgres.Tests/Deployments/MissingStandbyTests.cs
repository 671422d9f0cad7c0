using Tidelock.Changes;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Tools;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Runs;
using Tidelock.Runs.Postgres;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>The synchronous standby goes away: COMMIT must not hold the locks until it is back.</summary>
public sealed class MissingStandbyTests : IAsyncLifetime
{
    private const string View = "create table t as select 1 as a; create view v as select a from t";

    private LocalCluster cluster = null!;

    [Fact]
    public async Task A_view_is_committed_here_without_it()
    {
        await using var bench = await BenchAsync();
        var catalog = await bench.CatalogAsync();
        var migration = ViewBench.View("v", "select a::bigint from t");
        var before = await bench.CaptureAsync(migration.Name);
        await MissingStandby.TakeAwayAsync(bench.Database);

        DidNotWait(await bench.RunAsync(migration.Forward(before)));
        DidNotWait(await bench.RunAsync(new ClosureMove(migration.Name, before)));
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Theory]
    [InlineData("alter table t add b int")]
    [InlineData("set synchronous_commit = on; alter table t add b int")]
    [InlineData("set local synchronous_commit = remote_apply; alter table t add b int")]
    public async Task Sql_is_committed_here_without_it_whatever_it_sets(string sql)
    {
        await using var bench = await BenchAsync();
        await MissingStandby.TakeAwayAsync(bench.Database);

        var outcome = await bench.RunAsync(
            new SqlMigration(new ChangeFile("up.sql", sql), null, ViewBench.Budget).Forward(null)
        );

        DidNotWait(outcome);
    }

    [Fact]
    public async Task Alembic_commits_here_without_it()
    {
        await using var bench = await AlembicBench.CreateAsync(await TestDatabase.CreateAsync(cluster));
        await MissingStandby.TakeAwayAsync(bench.Database);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));

        var outcome = await new ToolRun(
            bench.Migration().Tool,
            await bench.GroundAsync(),
            TimeProvider.System
        ).RunAsync(
            new ToolPath("attempt_before", "attempt_view_v1"),
            ToolDirection.Up,
            _ => Task.CompletedTask,
            bench.Progress.Add,
            deadline.Token
        );

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
    }

    [Fact]
    public async Task A_contract_is_locked_and_unlocked_here_without_it()
    {
        await using var bench = await BenchAsync();
        var relation = new RelationName("public", "v");
        var contract = new Contract(relation, [new("a", "integer", false)], [], []);
        var guard = new ContractLock(contract, relation, "ages", "tidelock unlock ages");
        await MissingStandby.TakeAwayAsync(bench.Database);
        await using var session = await PostgresSession.OpenAsync(bench.Database.Target, "test", default);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));

        var locked = await guard.InstallAsync(session, "kim", TextCatalog.English, deadline.Token);

        Assert.True(locked is null, locked?.ToString());
        Assert.Empty((await ContractLock.FindingsAsync(session, relation, deadline.Token))!);
        Assert.Null(await guard.RemoveAsync(session, deadline.Token));
        Assert.Null(await ContractLock.FindingsAsync(session, relation, deadline.Token));
    }

    [Fact]
    public async Task A_deployed_view_is_taken_back_without_it()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            await TestDatabase.CreateAsync(cluster),
            DeploymentFixture.Unrehearsed
        );
        var before = await fixture.CatalogAsync();
        var end = await fixture.DeployAsync();
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        await MissingStandby.TakeAwayAsync(fixture.Database);

        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );

        Assert.True(back.ExitCode == ExitCode.RolledBack, back.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_journal_is_written_without_it()
    {
        await using var database = await TestDatabase.CreateAsync(cluster);
        await MissingStandby.TakeAwayAsync(database);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));

        await using var journal = await PostgresJournal.OpenAsync(database.Target, deadline.Token);
        var epoch = await journal.TakeEpochAsync(new RunId("RUN"), null, deadline.Token);
        var entry = JournalEntry.Next("RUN", null, "e1", "Kind", "{}");

        Assert.Equal(AppendResult.Stored, await journal.AppendAsync(entry, epoch, deadline.Token));
        Assert.False(deadline.IsCancellationRequested);
    }

    [Fact]
    public async Task A_journals_role_that_may_not_see_the_standbys_is_not_kept_waiting_without_end()
    {
        await using var database = await TestDatabase.CreateAsync(cluster);
        await database.ExecuteAsync(
            $"create role journal login; grant create on database \"{database.Name}\" to journal"
        );
        await database.ExecuteAsync($"alter database \"{database.Name}\" set synchronous_commit = on");
        await using var journal = await PostgresJournal.OpenAsync(database.TargetAs("journal"), default);
        await MissingStandby.TakeAwayAsync(database);
        var entry = JournalEntry.Next("RUN", null, "e1", "Kind", "{}");

        using var given = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        var appending = journal.AppendAsync(entry, null, given.Token);
        await ((Task)appending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Assert.True(given.IsCancellationRequested, "it did not wait");
        Assert.Equal(AppendResult.Stored, await journal.AppendAsync(entry, null, default));
    }

    public async ValueTask InitializeAsync() =>
        cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    /// <summary>A COMMIT that waits is given up after 15 s, and has taken effect then.</summary>
    private static void DidNotWait(MigrationOutcome outcome) =>
        Assert.True(outcome is MigrationOutcome.Applied { Took.TotalSeconds: < 14 }, $"{outcome.Finding} {outcome}");

    private async Task<ViewBench> BenchAsync()
    {
        var bench = new ViewBench(await TestDatabase.CreateAsync(cluster));
        await bench.Database.ExecuteAsync(View);
        return bench;
    }
}
