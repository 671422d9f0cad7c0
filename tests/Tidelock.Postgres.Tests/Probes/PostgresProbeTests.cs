using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Probes;
using Tidelock.Probes.Postgres;
using Tidelock.Probes.Sql;

namespace Tidelock.Postgres.Tests.Probes;

public sealed class PostgresProbeTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly RelationName Attempt = new("public", "attempt");
    private static readonly PostgresProbeOptions Connections = new(
        "connections",
        SignalUnit.Number,
        PostgresSignal.Connections
    );
    private static readonly PostgresProbeOptions Calls = new(
        "calls",
        SignalUnit.PerSecond,
        PostgresSignal.Calls,
        Attempt
    );

    private readonly FakeTimeProvider time = new();
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create view attempt as select 1 as id");
        await database.LeftAloneAsync();
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Clients_are_counted_less_our_own()
    {
        await using var probe = Open([Connections]);
        Assert.Equal(0, (await OneAsync(probe)).Value);
        await using var one = await database.ConnectAsync();
        await using var two = await database.ConnectAsync();
        Assert.Equal(2, (await OneAsync(probe)).Value);
    }

    [Fact]
    public async Task A_role_without_privileges_counts_clients_too()
    {
        var role = await RoleAsync("");
        await using var client = await database.ConnectAsync();
        await using var probe = Open([Connections], database.TargetAs(role));
        Assert.Equal(1, (await OneAsync(probe)).Value);
    }

    [Fact]
    public async Task Reads_of_the_view_are_a_rate_from_the_second_look_on()
    {
        await InstallAsync();
        await using var probe = Open([Calls]);
        Assert.Equal(SampleOutcome.NoData, (await OneAsync(probe)).Outcome);
        await ReadViewAsync(20);
        Assert.Equal(4, (await OneAsync(probe)).Value);
        Assert.Equal(0, (await OneAsync(probe)).Value);
    }

    [Fact]
    public async Task A_view_made_anew_is_counted_on_although_its_statements_are_new()
    {
        await InstallAsync();
        await ReadViewAsync(10);
        await using var probe = Open([Calls]);
        await OneAsync(probe);
        await database.ExecuteAsync("drop view attempt; create view attempt as select 2 as id");
        await ReadViewAsync(10);
        Assert.Equal(2, (await OneAsync(probe)).Value);
    }

    [Fact]
    public async Task New_statements_whose_texts_are_not_due_are_no_data_and_then_count_over_the_whole_time()
    {
        await InstallAsync();
        // Each look at the clock takes 15 ms, and so does reading the texts: they are due 15 s later.
        time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(15);
        await using var probe = Open([Calls, Connections]);
        await ReadAsync(probe);
        await database.ExecuteAsync("drop view attempt; create view attempt as select 2 as id");
        await ReadViewAsync(30);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var samples = await ReadAsync(probe);
            Assert.Equal(
                (SampleOutcome.NoData, "probes.postgres.texts-not-due"),
                (samples[0].Outcome, samples[0].Detail?.Code)
            );
            Assert.Equal(SampleOutcome.Value, samples[1].Outcome);
        }

        Assert.InRange((await ReadAsync(probe))[0].Value!.Value, 1.8, 2);
    }

    [Fact]
    public async Task While_other_statements_come_and_go_the_known_ones_are_counted_and_none_is_lost()
    {
        await InstallAsync();
        await ReadViewAsync(1);
        // Texts are due 15 s after they were read, and each tick brings a statement nobody has seen before.
        time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(15);
        await using var probe = Open([Calls]);
        await OneAsync(probe);
        var values = new List<double>();
        for (var tick = 0; tick < 6; tick++)
        {
            await ReadViewAsync(10);
            await database.ExecuteAsync($"select id as n{tick} from attempt");
            values.Add((await OneAsync(probe)).Value ?? double.NaN);
        }

        // 66 reads in 30 s. The looks that know all statements count all of them, those in between the known ones.
        Assert.All(values, v => Assert.InRange(v, 1.9, 2.3));
        Assert.Contains(values, v => v > 2.1);
    }

    [Fact]
    public async Task Known_statements_never_tell_that_the_relation_is_read_less_while_others_are_not_known()
    {
        await InstallAsync();
        time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(15);
        await ReadViewAsync(1);
        await using var probe = Open([Calls]);
        await OneAsync(probe);
        await ReadViewAsync(20);
        Assert.InRange((await OneAsync(probe)).Value!.Value, 3.5, 4.1);

        // A new version of the application says it otherwise; one that stays goes on a little.
        await database.ExecuteAsync(string.Concat(Enumerable.Repeat("select id as other from attempt;", 20)));
        await ReadViewAsync(1);
        Assert.Equal(SampleOutcome.NoData, (await OneAsync(probe)).Outcome);
    }

    [Fact]
    public async Task An_extension_of_an_old_version_is_said_so_and_the_rest_is_known()
    {
        await database.ExecuteAsync("create extension pg_stat_statements version '1.7'");
        await using var probe = Open([Connections, Calls]);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var samples = await ReadAsync(probe);
            Assert.Equal(SampleOutcome.Value, samples[0].Outcome);
            Assert.Equal(
                (SampleOutcome.Error, "probes.postgres.outdated"),
                (samples[1].Outcome, samples[1].Detail!.Code)
            );
        }

        await database.ExecuteAsync("alter extension pg_stat_statements update");
        await ReadAsync(probe);
        await ReadViewAsync(5);
        Assert.Equal(1, (await ReadAsync(probe))[1].Value);
    }

    [Theory]
    [InlineData("revoke all on function pg_stat_statements(boolean) from public")]
    [InlineData("revoke all on pg_stat_statements from public")]
    public async Task Statements_that_may_not_be_read_are_an_error_and_the_rest_is_known(string revoke)
    {
        await InstallAsync();
        await database.ExecuteAsync(revoke);
        var role = await RoleAsync("grant pg_read_all_stats to {0}");
        await using var probe = Open([Connections, Calls], database.TargetAs(role));
        var samples = await ReadAsync(probe);
        Assert.Equal(SampleOutcome.Value, samples[0].Outcome);
        Assert.Equal((SampleOutcome.Error, "probes.postgres.refused"), (samples[1].Outcome, samples[1].Detail!.Code));
    }

    [Fact]
    public async Task What_we_read_ourselves_does_not_count()
    {
        await InstallAsync();
        var ordinary = await RoleAsync("grant pg_read_all_stats to {0}; grant select on attempt to {0}");
        foreach (var target in new[] { database.Target, database.TargetAs(ordinary) })
        {
            await using var probe = Open([Calls], target);
            await using var ours = Open(
                [new SqlProbeOptions("ids", SignalUnit.Number, "select max(id) from attempt")],
                target
            );
            await OneAsync(probe);
            Assert.Equal(1, (await OneAsync(ours)).Value);
            Assert.Equal(0, (await OneAsync(probe)).Value);
        }
    }

    [Fact]
    public async Task Without_the_extension_the_rate_is_unknown_and_the_rest_is_known()
    {
        await using var probe = Open([Connections, Calls]);
        var samples = await ReadAsync(probe);
        Assert.Equal(SampleOutcome.Value, samples[0].Outcome);
        Assert.Equal(
            (SampleOutcome.Error, "probes.postgres.not-installed"),
            (samples[1].Outcome, samples[1].Detail!.Code)
        );
    }

    [Fact]
    public async Task Without_pg_read_all_stats_the_rate_is_unknown()
    {
        await InstallAsync();
        await using var probe = Open([Calls], database.TargetAs(await RoleAsync("")));
        var sample = await OneAsync(probe);
        Assert.Equal((SampleOutcome.Error, "probes.postgres.no-privilege"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task Without_the_library_the_rate_is_unknown()
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var elsewhere = await TestDatabase.CreateAsync(cluster);
        await elsewhere.ExecuteAsync("create extension pg_stat_statements");
        await using var probe = Open([Calls], elsewhere.Target);
        var sample = await OneAsync(probe);
        Assert.Equal((SampleOutcome.Error, "probes.postgres.not-loaded"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task Everything_comes_over_one_connection()
    {
        await InstallAsync();
        await using var probe = Open([.. All, Calls]);
        Assert.Equal(10, (await ReadAsync(probe)).Count);
        await ReadAsync(probe);
        Assert.Equal(
            1,
            await database.ScalarAsync<long>(
                "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'tidelock/test/1' and datname = current_database()"
            )
        );
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Every_major_version_tells_all_signals_of_the_database(int major)
    {
        await using var there = await server.CreateDatabaseAsync(major);
        await using var probe = Open(All, there.Target);
        await ReadAsync(probe);
        // A new database's counters may begin a moment after it.
        await Backups.Polling.UntilAsync(async () =>
            (await ReadAsync(probe)).Where(s => s.Signal != "ReplicationLag").All(s => s.Outcome is SampleOutcome.Value)
        );
    }

    /// <summary>The columns of pg_stat_statements, the texts it keeps and its queryids are not the same in any two of them.</summary>
    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Every_major_version_tells_who_reads_the_view(int major)
    {
        await using var there = await server.CreateDatabaseAsync(major);
        const string View = "view attempt as select i as id from generate_series(1, 4) i";
        await there.ExecuteAsync($"create extension pg_stat_statements; create {View}");
        await using var reader = await there.ConnectAsync();
        await RunAsync(reader, "select id from attempt where id <= 3");
        await using var probe = Open(Reads, there.Target);
        await ReadAsync(probe);
        Assert.Equal("probes.postgres.not-read", (await ReadAsync(probe))[1].Detail!.Code);

        // A known statement, a new one, and both again for a view made anew.
        await there.ExecuteAsync($"drop view attempt; create {View}");
        await RunAsync(reader, "select id from attempt where id <= 2");
        await RunAsync(reader, "select id, pg_sleep(0.02) from attempt");
        var samples = await ReadAsync(probe);
        Assert.Equal((0.4, 3, 2), (samples[0].Value, samples[2].Value, samples[2].Weight));
        Assert.InRange(samples[1].Value!.Value, 0.04, 20);

        await there.ExecuteAsync(
            "select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0)"
        );
        await RunAsync(reader, "select id from attempt where id <= 1");
        samples = await ReadAsync(probe);
        Assert.Equal((0.2, 1), (samples[0].Value, samples[2].Value));
    }

    [Fact]
    public async Task Clients_are_told_by_what_they_do()
    {
        await using var probe = Open(All);
        await database.ExecuteAsync("create table t (id int)");
        await using var holder = await database.ConnectAsync();
        await RunAsync(holder, "begin; lock table t; select pg_sleep(0)");
        await using var waiter = await database.ConnectAsync();
        var waiting = RunAsync(waiter, "select * from t");
        await using var idle = await database.ConnectAsync();
        var found = new Dictionary<string, double?>(StringComparer.Ordinal);
        await Backups.Polling.UntilAsync(async () =>
        {
            found = (await ReadAsync(probe)).ToDictionary(s => s.Signal, s => s.Value, StringComparer.Ordinal);
            return found["Blocked"] == 1;
        });
        Assert.Equal((3, 1, 1), (found["Connections"], found["Active"], found["IdleInTransaction"]));
        Assert.InRange(found["LongestTransaction"]!.Value, 0.0001, 120);
        await RunAsync(holder, "commit");
        await waiting;
        var later = await ReadAsync(probe);
        Assert.Equal(0, later.Single(s => s.Signal == "Blocked").Value);
    }

    [Fact]
    public async Task Commits_rollbacks_and_deadlocks_are_rates_and_a_reset_is_no_data()
    {
        await using var probe = Open(All);
        Assert.Equal(
            "probes.postgres.counted-anew",
            (await ReadAsync(probe)).Single(s => s.Signal == "Commits").Detail!.Code
        );
        await using (var client = await database.ConnectAsync())
        {
            for (var i = 0; i < 30; i++)
            {
                await RunAsync(client, i % 3 == 0 ? "begin; select 1; rollback" : "select 1");
            }
        }

        var (commits, rollbacks) = (0.0, 0.0);
        await Backups.Polling.UntilAsync(async () =>
        {
            var samples = await ReadAsync(probe);
            commits += 5 * samples.Single(s => s.Signal == "Commits").Value!.Value;
            rollbacks += 5 * samples.Single(s => s.Signal == "Rollbacks").Value!.Value;
            return rollbacks >= 10;
        });
        Assert.Equal(10, rollbacks, 3);
        Assert.InRange(commits, 20, 500);
        await database.ExecuteAsync("select pg_stat_reset()");
        await Backups.Polling.UntilAsync(async () =>
            (await ReadAsync(probe)).Single(s => s.Signal == "Deadlocks").Outcome is SampleOutcome.NoData
        );
    }

    [Fact]
    public async Task Time_and_rows_of_reads_are_means_weighted_by_their_number()
    {
        await InstallAsync();
        await database.ExecuteAsync("create or replace view attempt as select i as id from generate_series(1, 4) i");
        await using var probe = Open(Reads);
        await ReadAsync(probe);
        Assert.Equal("probes.postgres.not-read", (await ReadAsync(probe))[1].Detail!.Code);
        await using var reader = await database.ConnectAsync();
        await RunAsync(reader, "select id, pg_sleep(0.02) from attempt");
        await RunAsync(reader, "select id from attempt where id <= 2");
        var samples = await ReadAsync(probe);
        Assert.Equal(0.4, samples[0].Value);
        Assert.InRange(samples[1].Value!.Value, 0.04, 20);
        Assert.Equal((3, 2), (samples[2].Value, samples[2].Weight));
    }

    [Fact]
    public async Task What_a_role_is_not_shown_is_an_error_and_not_a_small_number()
    {
        var role = await RoleAsync("");
        await using var client = await database.ConnectAsync();
        await using var probe = Open(All, database.TargetAs(role));
        await ReadAsync(probe);
        var samples = await ReadAsync(probe);
        Assert.Equal(
            ["Active", "Blocked", "IdleInTransaction", "LongestTransaction"],
            samples.Where(s => s.Outcome is SampleOutcome.Error).Select(s => s.Signal).Order(StringComparer.Ordinal)
        );
        Assert.All(
            samples.Where(s => s.Outcome is SampleOutcome.Error),
            s => Assert.Equal("probes.postgres.no-privilege", s.Detail!.Code)
        );
        Assert.Equal(1, samples.Single(s => s.Signal == "Connections").Value);
    }

    [Fact]
    public async Task Without_a_standby_there_is_no_lag_and_not_a_lag_of_zero()
    {
        await using var probe = Open([
            new PostgresProbeOptions("lag", SignalUnit.Seconds, PostgresSignal.ReplicationLag),
        ]);
        var sample = await OneAsync(probe);
        Assert.Equal((SampleOutcome.NoData, "probes.postgres.no-standby"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task A_statement_that_comes_later_is_found_and_a_reset_of_the_statements_loses_none()
    {
        await InstallAsync();
        await ReadViewAsync(10);
        await using var probe = Open([Calls]);
        await OneAsync(probe);
        await using var reader = await database.ConnectAsync();
        await RunAsync(reader, "select id + 1 from attempt");
        Assert.Equal(0.2, (await OneAsync(probe)).Value);
        await database.ExecuteAsync(
            "select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0)"
        );
        await ReadViewAsync(5);
        Assert.Equal(1, (await OneAsync(probe)).Value);
        await database.ExecuteAsync("drop extension pg_stat_statements");
        Assert.Equal("probes.postgres.not-installed", (await OneAsync(probe)).Detail!.Code);
    }

    [Fact]
    public async Task A_connection_that_was_cut_is_made_anew_within_the_tick()
    {
        await using var probe = Open([Connections]);
        await OneAsync(probe);
        await database.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'tidelock/test/1'"
        );
        Assert.Equal(SampleOutcome.Value, (await OneAsync(probe)).Outcome);
    }

    [Theory]
    [InlineData("select 42", SampleOutcome.Value, null)]
    [InlineData("select 1.5::numeric", SampleOutcome.Value, null)]
    [InlineData("select interval '2 seconds'", SampleOutcome.Value, null)]
    [InlineData("select count(*) from attempt -- all", SampleOutcome.Value, null)]
    [InlineData("select null::int", SampleOutcome.NoData, "probes.sql.null")]
    [InlineData("select 'NaN'::float8", SampleOutcome.NoData, "probes.not-a-number")]
    [InlineData("select 1 where false", SampleOutcome.NoData, "probes.sql.no-row")]
    [InlineData("values (1), (2)", SampleOutcome.Error, "probes.sql.several-rows")]
    [InlineData("select 'many'", SampleOutcome.Error, "probes.sql.not-a-number")]
    [InlineData("select generate_series(1, 100000000)", SampleOutcome.Error, "probes.sql.several-rows")]
    [InlineData("select repeat('x', 10000000)", SampleOutcome.Error, "probes.sql.not-a-number")]
    [InlineData("select 1 from nowhere", SampleOutcome.Error, "probes.failed")]
    [InlineData("create table t (id int)", SampleOutcome.Error, "probes.failed")]
    public async Task A_query_yields_one_number(string sql, SampleOutcome outcome, string? code)
    {
        await using var probe = Open([
            new SqlProbeOptions("s", SignalUnit.Number, sql),
            new SqlProbeOptions("t", SignalUnit.Number, "select 7"),
        ]);
        var samples = await ReadAsync(probe);
        Assert.Equal((outcome, code), (samples[0].Outcome, samples[0].Detail?.Code));
        Assert.Equal(7, samples[1].Value);
    }

    [Fact]
    public async Task A_slow_query_is_an_error_and_leaves_nothing_running()
    {
        var factory = new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System);
        var options = new SqlProbeOptions("s", SignalUnit.Number, "select 1 from pg_sleep(60)");
        await using var probe = Assert.Single(
            factory.Create([options], database.Target, "tidelock/test/1", TimeSpan.FromSeconds(2))
        );
        Assert.Equal(SampleOutcome.Error, (await OneAsync(probe)).Outcome);
        await Backups.Polling.UntilAsync(async () =>
            await database.ScalarAsync<long>(
                "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(60)%' and pid <> pg_backend_pid() and datname = current_database()"
            ) == 0
        );
    }

    [Fact]
    public async Task A_query_that_hangs_hides_the_others_once()
    {
        var factory = new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System);
        await using var probe = Assert.Single(
            factory.Create(
                [
                    new SqlProbeOptions("hangs", SignalUnit.Number, "select 1 from pg_sleep(60)"),
                    new SqlProbeOptions("good", SignalUnit.Number, "select 7"),
                ],
                database.Target,
                "tidelock/test/1",
                TimeSpan.FromSeconds(2)
            )
        );

        Assert.All(await ReadAsync(probe), s => Assert.Equal(SampleOutcome.Error, s.Outcome));
        var samples = await ReadAsync(probe);

        Assert.Equal(7, samples.Single(s => s.Signal == "good").Value);
        Assert.Equal(SampleOutcome.Error, samples.Single(s => s.Signal == "hangs").Outcome);
    }

    private IProbe Open(IReadOnlyList<ProbeOptions> declared, PostgresTarget? target = null) =>
        Assert.Single(
            new ProbeFactory(TidelockServices.ProbeKinds, time).Create(
                declared,
                target ?? database.Target,
                "tidelock/test/1",
                TimeSpan.FromSeconds(5)
            )
        );

    private Task<IReadOnlyList<Sample>> ReadAsync(IProbe probe)
    {
        time.Advance(TimeSpan.FromSeconds(5));
        return probe.ReadAsync(CancellationToken.None);
    }

    private async Task<Sample> OneAsync(IProbe probe) => Assert.Single(await ReadAsync(probe));

    /// <summary>Every signal of the whole database, by its name.</summary>
    private static IReadOnlyList<PostgresProbeOptions> All =>
        [
            .. Enum.GetValues<PostgresSignal>()
                .Where(s => s < PostgresSignal.Calls)
                .Select(s => new PostgresProbeOptions(s.ToString(), SignalUnit.Number, s)),
        ];

    private static IReadOnlyList<PostgresProbeOptions> Reads =>
        [
            Calls,
            new("time", SignalUnit.Seconds, PostgresSignal.MeanTime, Attempt),
            new("rows", SignalUnit.Number, PostgresSignal.Rows, Attempt),
        ];

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private Task InstallAsync() => database.ExecuteAsync("create extension pg_stat_statements");

    private async Task<string> RoleAsync(string grants)
    {
        var role = "role_" + Guid.NewGuid().ToString("N")[..8];
        await database.ExecuteAsync(
            $"create role {role} login; " + grants.Replace("{0}", role, StringComparison.Ordinal)
        );
        await database.LeftAloneAsync();
        return role;
    }

    private async Task ReadViewAsync(int times)
    {
        await using var reader = await database.ConnectAsync();
        for (var i = 0; i < times; i++)
        {
            await using var command = new NpgsqlCommand("select * from Attempt a limit 1", reader);
            await command.ExecuteNonQueryAsync();
        }
    }
}
