using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Probes;
using Tidelock.Probes.Postgres;
using Tidelock.Probes.Sql;

namespace Tidelock.Postgres.Tests.Probes;

public sealed class PostgresProbeTests(PostgresServer server) : IAsyncLifetime
{
    private static readonly PostgresConnectionsProbeOptions Connections = new("connections", SignalUnit.Number);
    private static readonly PostgresCallsProbeOptions Calls = new(
        "calls",
        SignalUnit.PerSecond,
        new RelationName("public", "attempt")
    );

    private readonly FakeTimeProvider time = new();
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create view attempt as select 1 as id");
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
    public async Task A_connection_that_was_cut_is_made_anew_within_the_tick()
    {
        await using var probe = Open([Connections]);
        await OneAsync(probe);
        await database.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidelock/test/1'"
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

    private Task InstallAsync() => database.ExecuteAsync("create extension pg_stat_statements");

    private async Task<string> RoleAsync(string grants)
    {
        var role = "role_" + Guid.NewGuid().ToString("N")[..8];
        await database.ExecuteAsync(
            $"create role {role} login; " + grants.Replace("{0}", role, StringComparison.Ordinal)
        );
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
