using System.Globalization;
using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

public sealed class BlockerActingTests(PostgresServer server)
{
    private const string Setup =
        "create table t as select 1 as a; create view v as select a from t; create view w as select a from v;"
        + "grant select on t, v, w to public;";

    [Fact]
    public async Task The_query_of_a_named_role_is_cancelled_and_the_change_goes_on()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, role, "");
        var sleeping = new NpgsqlCommand("select pg_sleep(60)", reader).ExecuteNonQueryAsync();

        var outcome = await bench.ForwardAsync(View(BlockerAct.Cancel, roles: [role]));

        Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.Equal("57014", (await Assert.ThrowsAsync<PostgresException>(() => sleeping)).SqlState);
        Assert.Equal(["migrations.blockers.cancelling", "migrations.blockers.ended"], Codes(bench));
        Assert.All(bench.Deeds, d => Assert.Equal(reader.ProcessID, d.ProcessId));
        Assert.Equal([false, true], bench.Deeds.Select(d => d.IsDone));
    }

    [Fact]
    public async Task The_connection_of_a_named_application_is_ended_where_it_idles_in_its_transaction()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        await using var reader = await BlockAsync(bench, await RoleAsync(bench), "metabase");

        var outcome = await bench.ForwardAsync(View(BlockerAct.Terminate, applications: ["metabase"]));

        Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.Equal(["migrations.blockers.terminating", "migrations.blockers.ended"], Codes(bench));
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => StillReadsAsync(reader));
    }

    [Fact]
    public async Task Who_is_gone_is_not_acted_against_again_by_a_list_that_still_names_him()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, role, "");
        var pid = reader.ProcessID;
        await bench.Database.UntilAsync(
            $"select clock_timestamp() - xact_start > '1.1 s' from pg_stat_activity where pid = {pid}"
        );
        await using var session = await bench.OpenAsync();
        var stale = await BlockerSearch.FindAsync(session, [new RelationName("public", "v")], default);
        var deeds = new List<BlockerDeed>();
        await using var acting = new BlockerActing(
            bench.Database.Target,
            "tidelock/test/1",
            new BlockerPolicy(BlockerAct.Terminate, TimeSpan.FromSeconds(1), [role], []),
            (deed, _) =>
            {
                deeds.Add(deed);
                return Task.CompletedTask;
            },
            bench.Progress.Add,
            TimeProvider.System
        );

        for (var look = 0; look < 5; look++)
        {
            await acting.OnAsync(stale, default);
        }

        Assert.Equal(
            ["migrations.blockers.terminating", "migrations.blockers.ended"],
            deeds.Select(d => d.Finding.Code)
        );
        Assert.DoesNotContain(bench.Progress, p => p.Code == "migrations.blockers.goes-on");
    }

    [Fact]
    public async Task Who_was_not_named_is_left_alone()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, await RoleAsync(bench), "psql");

        var outcome = await bench.ForwardAsync(
            View(BlockerAct.Terminate, roles: [role], applications: ["metabase"], isGivenUp: true)
        );

        Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        Assert.Empty(bench.Deeds);
        await StillReadsAsync(reader);
    }

    [Fact]
    public async Task A_transaction_that_is_too_young_is_left_alone()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, role, "");

        var outcome = await bench.ForwardAsync(
            View(BlockerAct.Terminate, roles: [role], after: TimeSpan.FromHours(1), isGivenUp: true)
        );

        Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        Assert.Empty(bench.Deeds);
        await StillReadsAsync(reader);
    }

    [Fact]
    public async Task An_idle_transaction_has_no_query_to_cancel_and_that_is_said_once()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, role, "");

        var outcome = await bench.ForwardAsync(View(BlockerAct.Cancel, roles: [role], isGivenUp: true));

        Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        Assert.Empty(bench.Deeds);
        var said = Assert.Single(bench.Progress, p => p.Code == "migrations.blockers.idle");
        Assert.Contains($"pg_terminate_backend({reader.ProcessID})", said.ToString(), StringComparison.Ordinal);
        await StillReadsAsync(reader);
    }

    [Theory]
    [InlineData("", "migrations.blockers.unseen", "grant pg_read_all_stats to ")]
    [InlineData("pg_read_all_stats", "migrations.blockers.forbidden", "grant pg_signal_backend to ")]
    public async Task Where_the_right_is_missing_it_is_said_what_to_grant(string granted, string code, string advice)
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var (role, deployer) = (await RoleAsync(bench), await RoleAsync(bench));
        await bench.Database.ExecuteAsync(
            $"alter table t owner to {deployer}; alter view v owner to {deployer}; alter view w owner to {deployer};"
                + $"grant create on schema public to {deployer};"
                + (granted.Length > 0 ? $"grant {granted} to {deployer}" : "")
        );
        await using var reader = await BlockAsync(bench, role, "");
        await using var session = await PostgresSession.OpenAsync(
            bench.Database.TargetAs(deployer),
            "tidelock/test/1",
            default
        );
        var migration = View(BlockerAct.Terminate, roles: [role], isGivenUp: true);
        var move = migration.Forward(await bench.CaptureAsync(migration.Name));

        var outcome = await bench.RunAsync(session, move, migration.Locks, TimeSpan.FromSeconds(60));

        Assert.IsType<MigrationOutcome.LockNotGranted>(outcome);
        var said = Assert.Single(bench.Progress, p => p.Code == code);
        Assert.Contains(advice + deployer, said.ToString(), StringComparison.Ordinal);
        await StillReadsAsync(reader);
    }

    [Theory]
    [InlineData("metabase", true, "a superuser whose application alone is named")]
    [InlineData("tidelock/other/1", false, "one of our own")]
    public async Task Some_are_left_alone_though_they_are_named(string application, bool isSuperuser, string who)
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = isSuperuser ? "postgres" : await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, role, application);

        var outcome = await bench.ForwardAsync(
            View(BlockerAct.Terminate, roles: isSuperuser ? [] : [role], applications: ["metabase"], isGivenUp: true)
        );

        Assert.True(outcome is MigrationOutcome.LockNotGranted, who);
        Assert.DoesNotContain("migrations.blockers.ended", Codes(bench));
        await StillReadsAsync(reader);
    }

    [Fact]
    public async Task A_superuser_whose_role_is_named_is_ended()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        await using var reader = await BlockAsync(bench, "postgres", "");

        var outcome = await bench.ForwardAsync(View(BlockerAct.Terminate, roles: ["postgres"]));

        Assert.IsType<MigrationOutcome.Applied>(outcome);
    }

    [Theory]
    [InlineData("the pid has another session")]
    [InlineData("the session has another transaction")]
    public async Task What_was_seen_is_not_what_is_there_any_more_and_nothing_is_ended(string what)
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, role, "");
        await using var session = await bench.OpenAsync();
        var seen = Assert.Single(await BlockerSearch.FindAsync(session, [new("public", "v")], default));
        var stale = what.StartsWith("the pid", StringComparison.Ordinal)
            ? seen with
            {
                BackendStart = seen.BackendStart!.Value.AddSeconds(-1),
            }
            : seen with
            {
                TransactionStart = seen.TransactionStart!.Value.AddMilliseconds(-1),
            };
        var deeds = new List<BlockerDeed>();
        await using var acting = new BlockerActing(
            bench.Database.Target,
            "tidelock/test/1",
            View(BlockerAct.Terminate, roles: [role]).Locks.Blockers with
            {
                After = TimeSpan.Zero,
            },
            (deed, _) =>
            {
                deeds.Add(deed);
                return Task.CompletedTask;
            },
            _ => { },
            TimeProvider.System
        );

        await acting.OnAsync([stale], default);

        Assert.Equal("migrations.blockers.spared", deeds[^1].Finding.Code);
        await StillReadsAsync(reader);
    }

    [Fact]
    public async Task An_act_that_cannot_be_stored_is_not_done()
    {
        await using var bench = await ViewBench.EmptyAsync(server, Setup);
        var role = await RoleAsync(bench);
        await using var reader = await BlockAsync(bench, role, "");
        await using var session = await bench.OpenAsync();
        var migration = View(BlockerAct.Terminate, roles: [role]);

        await Assert.ThrowsAsync<IOException>(async () =>
            await new MigrationTransaction(TimeProvider.System).RunAsync(
                session,
                migration.Forward(await bench.CaptureAsync(migration.Name)),
                migration.Locks,
                (_, _) => Task.CompletedTask,
                (_, _) => throw new IOException("disk full"),
                _ => { },
                default
            )
        );
        await StillReadsAsync(reader);
    }

    private static ViewMigration View(
        BlockerAct act,
        string[]? roles = null,
        string[]? applications = null,
        TimeSpan? after = null,
        bool isGivenUp = false
    ) =>
        ViewBench.View(
            "v",
            "select a::bigint from t",
            new LockBudget(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(isGivenUp ? 4 : 30), 100)
            {
                Blockers = new(act, after ?? TimeSpan.FromSeconds(1), roles ?? [], applications ?? []),
            }
        );

    private static List<string> Codes(ViewBench bench) => [.. bench.Deeds.Select(d => d.Finding.Code)];

    private static async Task<string> RoleAsync(ViewBench bench)
    {
        var role = string.Create(CultureInfo.InvariantCulture, $"r_{Guid.NewGuid():N}");
        await bench.Database.ExecuteAsync($"create role {role} login");
        return role;
    }

    private static async Task<NpgsqlConnection> BlockAsync(ViewBench bench, string role, string application)
    {
        var connection = await bench.Database.ConnectAsync(role);
        await new NpgsqlCommand(
            $"set application_name = '{application}'; begin; select * from w",
            connection
        ).ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task StillReadsAsync(NpgsqlConnection connection) =>
        Assert.NotNull(await new NpgsqlCommand("select a from w", connection).ExecuteScalarAsync());
}
