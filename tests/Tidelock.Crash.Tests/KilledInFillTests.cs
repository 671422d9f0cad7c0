using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL while a materialized view is filled beside, there and back.</summary>
public sealed class KilledInFillTests(PostgresServer server)
{
    private const string Fills = """
        select exists (select from pg_locks where locktype = 'advisory' and objid = 4711 and not granted
         and database = (select oid from pg_database where datname = current_database()))
        """;

    private const string Built = "select count(*) from pg_namespace where nspname like 'tidelock%'";

    /// <summary>By the log of the database: it is created in a schema of its own and moved.</summary>
    private const string Commits = "select count(distinct transaction) from audit.made where name like '%.scores'";

    private const string IdType =
        "select format_type(atttypid, null) from pg_attribute where attrelid = 'public.best'::regclass and attname = 'id'";

    [Fact]
    public async Task What_was_built_goes_with_the_killed_run_and_the_next_one_builds_it_anew_there_and_back()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await bench.Database.ExecuteAsync(
            """
            create function public.held() returns int language sql volatile as 'select count(pg_advisory_xact_lock_shared(4711))::int';
            create materialized view public.best as select id, public.held() as held from public.scores;
            create unique index best_key on public.best (id);
            grant select on public.best to pg_monitor
            """
        );
        var before = await bench.CatalogAsync();
        await using var gate = await bench.Database.ConnectAsync();

        var run = await KilledAsync(bench, gate, "deploy", null);
        Assert.Equal("integer", await bench.Database.ScalarAsync<string>(IdType));
        await ResumedAsync(bench, gate, run, RunResult.Completed);
        Assert.Equal("bigint", await bench.Database.ScalarAsync<string>(IdType));
        Assert.Equal(1, await bench.Database.ScalarAsync<long>(Commits));

        await KilledAsync(bench, gate, "rollback", run);
        Assert.Equal("bigint", await bench.Database.ScalarAsync<string>(IdType));
        await ResumedAsync(bench, gate, run, RunResult.RolledBack);
        Assert.Equal(before, await bench.CatalogAsync());
        Assert.Equal("integer", await bench.Database.ScalarAsync<string>(IdType));
        Assert.Equal(2, await bench.Database.ScalarAsync<long>(Commits));
        Assert.Equal(100, await bench.Database.ScalarAsync<long>("select count(*) from public.best"));
    }

    private static async Task<RunId> KilledAsync(CrashBench bench, NpgsqlConnection gate, string verb, RunId? run)
    {
        await ExecuteAsync(gate, "select pg_advisory_lock(4711)");
        await using var program = bench.Start(verb, run);
        await program.MeetsAsync(bench.Database.UntilAsync(Fills));
        await program.KillAsync();
        return (await bench.ReadAsync()).Run!.Value;
    }

    private static async Task ResumedAsync(CrashBench bench, NpgsqlConnection gate, RunId run, RunResult result)
    {
        var killed = (await bench.ReadAsync()).State.Epoch;
        await using var next = bench.Start("resume", run);
        await bench.UntilAsync(next, s => s.Epoch == killed + 1);
        await bench.NobodyLeftAsync($"/{killed}");
        await ExecuteAsync(gate, "select pg_advisory_unlock(4711)");
        var (_, output) = await next.EndAsync();

        var (_, state, entries) = await bench.ReadAsync();
        Assert.True(state.Result == result, output);
        Outcome.IsSound(entries);
        Assert.Equal(0, await bench.Database.ScalarAsync<long>(Built));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
