using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Probes;
using Tidelock.Probes.Synthetic;

namespace Tidelock.Postgres.Tests.Probes;

/// <summary>Tidelock's own reads of a real database, at a pace that makes the tests short.</summary>
public sealed class SyntheticProbeTests(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create view attempt as select 1 as id");
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task Reads_that_succeed_have_no_errors_a_time_and_a_weight()
    {
        await using var probe = Open("select * from attempt");
        Assert.All(await probe.ReadAsync(default), s => Assert.Equal(SampleOutcome.NoData, s.Outcome));
        var samples = await UntilAsync(probe, s => s[0].Value is not null);
        Assert.Equal(0, samples[0].Value);
        Assert.InRange(samples[1].Value!.Value, 0.00001, 5);
        Assert.InRange(samples[0].Weight!.Value, 1, 60);
    }

    [Fact]
    public async Task They_are_not_counted_as_the_applications()
    {
        await database.ExecuteAsync("create extension pg_stat_statements");
        var role = await RoleAsync("grant select on attempt to {0}");
        await using var probe = Open("select * from attempt", role);
        await UntilAsync(probe, s => s[0].Value is not null);
        Assert.Equal(
            0,
            await database.ScalarAsync<long>(
                "select count(*) from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database()) and query like '%from attempt%' and query not like '/* tidelock */%' and query not like '%pg_stat_statements%'"
            )
        );
    }

    [Fact]
    public async Task A_view_that_is_gone_is_an_error_rate_of_one_with_the_servers_words()
    {
        await using var probe = Open("select * from attempt");
        await UntilAsync(probe, s => s[0].Value == 0);
        await database.ExecuteAsync("drop view attempt");
        var samples = await UntilAsync(probe, s => s[0].Value == 1);
        Assert.Contains("attempt", samples[0].Detail!.ToString(), StringComparison.Ordinal);
        Assert.Equal(SampleOutcome.NoData, samples[1].Outcome);
    }

    [Fact]
    public async Task A_role_that_lost_its_grant_cannot_read()
    {
        var role = await RoleAsync("grant select on attempt to {0}");
        await using var probe = Open("select * from attempt", role);
        await UntilAsync(probe, s => s[0].Value == 0);
        await database.ExecuteAsync("drop view attempt; create view attempt as select 1 as id");
        var samples = await UntilAsync(probe, s => s[0].Value == 1);
        Assert.Contains("permission denied", samples[0].Detail!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_that_is_not_there_is_the_instruments_fault()
    {
        await using var probe = Open("select * from attempt", "nobody_of_that_name");
        await UntilAsync(probe, s => s.All(x => x.Outcome is SampleOutcome.Error));
    }

    [Fact]
    public async Task A_changed_result_type_is_told_as_what_it_is_and_is_no_error()
    {
        await using var probe = Open("select * from attempt");
        await UntilAsync(probe, s => s[0].Value == 0);
        await database.ExecuteAsync("drop view attempt; create view attempt as select 'a'::text as id");
        var values = new List<double?>();
        await UntilAsync(
            probe,
            s =>
            {
                values.Add(s[0].Value);
                return s[0].Detail?.Code == "probes.synthetic.cached-plan";
            }
        );
        await UntilAsync(probe, s => s[0].Value == 0 && s[0].Detail is null);
        Assert.All(values, v => Assert.True(v is null or 0));
    }

    [Fact]
    public async Task A_read_that_takes_too_long_has_failed_and_counts_as_slow()
    {
        await using var probe = Open("select pg_sleep(30)", timeout: TimeSpan.FromMilliseconds(60));
        var samples = await UntilAsync(probe, s => s[0].Value == 1);
        Assert.InRange(samples[1].Value!.Value, 0.055, 20);
    }

    [Fact]
    public async Task A_server_that_does_not_even_say_that_the_time_is_over_is_an_error_and_no_failed_read()
    {
        // A server of its own: whoever drops a database waits for every backend, also for one that stands still.
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), default);
        await using var probe = Open(
            "select pg_sleep(0.02)",
            timeout: TimeSpan.FromSeconds(2),
            target: cluster.Target()
        );
        await UntilAsync(probe, s => s[0].Value == 0);
        await using var looking = new NpgsqlConnection(cluster.Target().NpgsqlConnectionString("looking"));
        await looking.OpenAsync();
        await using var asking = new NpgsqlCommand(
            "select pid from pg_stat_activity where application_name = 'tidelock/test/1'",
            looking
        );
        var backend = Assert.IsType<int>(await asking.ExecuteScalarAsync());
        Assert.True(backend > 1);
        Backends.Stop(backend);
        try
        {
            var samples = await UntilAsync(probe, s => s[0].Outcome is SampleOutcome.Error);
            Assert.All(samples, s => Assert.Equal("probes.too-late", s.Detail!.Code));
        }
        finally
        {
            Backends.Continue(backend);
        }
    }

    [Fact]
    public async Task A_write_is_refused()
    {
        await using var probe = Open("insert into t values (1) returning 1");
        await database.ExecuteAsync("create table t (id int)");
        await UntilAsync(probe, s => s[0].Value == 1);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_an_error_and_no_failed_read()
    {
        var nowhere = PostgresTarget.Parse(
            "postgresql://nobody@127.0.0.1:1/nowhere",
            new Dictionary<string, string>(StringComparer.Ordinal)
        );
        await using var probe = Open("select 1", target: nowhere);
        var samples = await UntilAsync(probe, s => s[0].Outcome is SampleOutcome.Error);
        Assert.StartsWith("postgres.connect.", samples[0].Detail!.Code, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_was_cut_is_made_anew()
    {
        await using var probe = Open("select * from attempt");
        await UntilAsync(probe, s => s[0].Value == 0);
        await database.ExecuteAsync(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidelock/test/1' and datname = current_database()"
        );
        await UntilAsync(probe, s => s[0].Outcome is not SampleOutcome.Value || s[0].Detail is not null);
        await UntilAsync(probe, s => s[0].Value == 0 && s[0].Detail is null);
    }

    private static async Task<IReadOnlyList<Sample>> UntilAsync(IProbe probe, Func<IReadOnlyList<Sample>, bool> holds)
    {
        IReadOnlyList<Sample> samples = [];
        await Backups.Polling.UntilAsync(async () => holds(samples = await probe.ReadAsync(default)));
        return samples;
    }

    private IProbe Open(string query, string? role = null, TimeSpan? timeout = null, PostgresTarget? target = null)
    {
        var reads = new SyntheticReads([query], 20, role, timeout ?? TimeSpan.FromSeconds(5));
        return Assert.Single(
            new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System).Create(
                [
                    new SyntheticProbeOptions("errors", SignalUnit.Ratio, SyntheticMeasure.Errors, reads),
                    new SyntheticProbeOptions("p95", SignalUnit.Seconds, SyntheticMeasure.P95, reads),
                ],
                target ?? database.Target,
                "tidelock/test/1",
                TimeSpan.FromSeconds(1)
            )
        );
    }

    private async Task<string> RoleAsync(string grants)
    {
        var role = "role_" + Guid.NewGuid().ToString("N")[..8];
        await database.ExecuteAsync(
            $"create role {role} login; " + grants.Replace("{0}", role, StringComparison.Ordinal)
        );
        return role;
    }
}
