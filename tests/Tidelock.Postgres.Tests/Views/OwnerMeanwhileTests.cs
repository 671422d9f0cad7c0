using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>Somebody gives a relation another owner after it was captured: the statement that locks it names the old one.</summary>
public sealed class OwnerMeanwhileTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task A_new_owner_is_never_taken_back_by_the_lock(int major)
    {
        await using var bench = new ViewBench(await server.CreateDatabaseAsync(major));
        await bench.Database.ExecuteAsync(
            """
            create table t as select 1 as a; create view v as select a from t; create view w as select a from v;
            create materialized view m as select a from w; create table guarded as select 1 as a;
            create policy p on guarded using (a in (select a from m));
            grant select on t, v, w, m to public
            """
        );
        var before = await bench.CaptureAsync(V);
        await RefusedAsync(ViewBench.View("v", "select a, 2 as b from t").Forward(before), "v", before);
        before = await bench.CaptureAsync(V);
        await RefusedAsync(ViewBench.View("v", "select a::bigint as a from t").Forward(before), "w", before);
        before = await bench.CaptureAsync(V);
        await bench.ForwardAsync(ViewBench.View("v", "select a::bigint as a from t"));
        var verified = await bench.CaptureAsync(V);

        foreach (var changed in new[] { "w", "m", "guarded", "v" })
        {
            var found = await bench.CaptureAsync(V);
            var move = new ClosureMove(V, before, new LaterChanges(verified!, found!)) { Expected = found };
            await RefusedAsync(move, changed, found);
            Assert.True(move.IsOutdated);
        }

        var late = await bench.CaptureAsync(V);
        var back = await bench.RunAsync(new ClosureMove(V, before, new LaterChanges(verified!, late!)));
        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(
            ["v pg_database_owner", "w pg_database_owner", "m pg_monitor", "guarded pg_monitor"],
            await bench.Database.RowsAsync(
                """
                select relname || ' ' || pg_get_userbyid(relowner) from unnest(array['v', 'w', 'm', 'guarded']) with ordinality o(n, i)
                join pg_class on oid = n::regclass order by i
                """
            )
        );

        async Task RefusedAsync(IMigrationMove move, string relation, RelationClosure? there)
        {
            var owner = await OwnerAsync(relation) == "pg_monitor" ? "pg_database_owner" : "pg_monitor";
            var outcome = await bench.RunAsync(
                new BesideTests.Watched(
                    move,
                    () => bench.Database.ExecuteAsync($"alter table {relation} owner to {owner}")
                )
            );

            Assert.True(outcome is MigrationOutcome.Refused, $"{relation}: {outcome.Finding}");
            Assert.Equal(owner, await OwnerAsync(relation));
            Assert.All(
                ClosureComparison.Differences(there, await bench.CaptureAsync(V)),
                d => Assert.True(d.Part is ClosurePart.Owner or ClosurePart.Grant, d.What)
            );
        }

        Task<string> OwnerAsync(string relation) =>
            bench.Database.ScalarAsync<string>(
                $"select pg_get_userbyid(relowner)::text from pg_class where oid = '{relation}'::regclass"
            )!;
    }

    [Fact]
    public async Task Nor_one_that_is_committed_while_the_lock_is_waited_for()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "create table t as select 1 as a; create view v as select a from t"
        );
        var before = await bench.CaptureAsync(V);
        await bench.ForwardAsync(ViewBench.View("v", "select a, 2 as b from t"));
        await using var other = await bench.Database.ConnectAsync();
        Task? committed = null;

        var outcome = await bench.RunAsync(
            new BesideTests.Watched(
                new ClosureMove(V, before),
                async () =>
                {
                    if (committed is null)
                    {
                        await new NpgsqlCommand(
                            "begin; alter view v owner to pg_monitor",
                            other
                        ).ExecuteNonQueryAsync();
                        committed = CommitAsync();
                    }
                }
            ),
            ViewBench.Budget with
            {
                Try = TimeSpan.FromSeconds(20),
            }
        );
        await committed!;

        Assert.Equal("migrations.view.back-outdated", Assert.IsType<MigrationOutcome.Refused>(outcome).Finding.Code);
        Assert.Equal(
            "pg_monitor",
            await bench.Database.ScalarAsync<string>("select relowner::regrole::text from pg_class where relname = 'v'")
        );

        async Task CommitAsync()
        {
            await bench.Database.UntilAsync(
                "select exists (select from pg_locks where not granted and relation = 'v'::regclass)"
            );
            await new NpgsqlCommand("commit", other).ExecuteNonQueryAsync();
        }
    }
}
