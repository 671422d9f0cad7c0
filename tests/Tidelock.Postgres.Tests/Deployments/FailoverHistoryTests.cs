using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>Whether a promoted server comes from the one the run began on is read, or a person is needed.</summary>
public sealed class FailoverHistoryTests
{
    [Fact]
    public async Task A_run_goes_on_after_a_failover_only_where_the_history_can_be_read_and_the_database_is_the_same()
    {
        await using var primary = await LocalCluster.StartAsync(new LocalClusterOptions(), default);
        await using var database = await TestDatabase.CreateAsync(primary, "seedtest");
        await database.ExecuteAsync("create role deployer login");
        await using var standby = await StreamingStandby.StartAsync(primary, "next");
        ServerIdentity then;
        await using (var session = await PostgresSession.OpenAsync(database.Target, "test", default))
        {
            then = await ServerIdentity.ReadAsync(session, default);
        }

        await standby.CaughtUpAsync(database);
        await standby.TakeOverAsync();
        var target = standby.TargetAs("deployer", database.Name);
        Task<ServerFailedOver?> FindAsync(ServerIdentity began) =>
            Failover.FindAsync(
                target,
                "test",
                RunState.Empty with
                {
                    FailedOver = new ServerFailedOver(began, Message.Of("runs.completed"), null),
                },
                null,
                default
            );

        var unseen = await Assert.ThrowsAsync<TidelockException>(() => FindAsync(then));
        await standby.ScalarAsync<object>(
            database.Name,
            "grant execute on function pg_catalog.pg_read_file(text, bigint, bigint, boolean) to deployer"
        );
        var found = await FindAsync(then);
        var foreign = await Assert.ThrowsAsync<TidelockException>(() => FindAsync(then with { Timeline = 0 }));
        File.Delete(standby.HistoryOf(2));
        var missing = await Assert.ThrowsAsync<TidelockException>(() => FindAsync(then));

        Assert.Equal(("runs.branch-unseen", ExitCode.NeedsPerson), (unseen.Problem.Code, unseen.ExitCode));
        Assert.Contains(
            "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text, bigint, bigint, boolean) TO deployer;",
            unseen.Problem.ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal(("runs.failed-over", 2), (found!.Finding.Code, found.Identity.Timeline));
        Assert.Equal("runs.other-branch", foreign.Problem.Code);
        Assert.Equal(("runs.branch-missing", ExitCode.NeedsPerson), (missing.Problem.Code, missing.ExitCode));
        Assert.True(found.Identity.HasTakenOverFrom(then));
        Assert.False(found.Identity.HasTakenOverFrom(then with { DatabaseOid = then.DatabaseOid + 1 }));
    }
}
