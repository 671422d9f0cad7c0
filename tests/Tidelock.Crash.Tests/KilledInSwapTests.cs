using Npgsql;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Rollbacks.Beside;
using Tidelock.Rollbacks.Undoing;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL while a backup is restored beside and swapped: afterwards each database has a valid name, and applications get in.</summary>
public sealed class KilledInSwapTests(PostgresServer server)
{
    private const int MostProcesses = 60;

    [Theory]
    [InlineData(false, "before")]
    [InlineData(false, "after")]
    [InlineData(true, "before")]
    [InlineData(true, "after")]
    public async Task A_restore_killed_at_every_append_and_taken_back_leaves_names_and_saved_rows_and_gives_no_number_twice(
        bool onPostgres,
        string when
    )
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres, "backup");
        await bench.ReplaceAsync("for: 1s, every: 200ms", "for: 300ms, every: 100ms");
        await bench.Database.ExecuteAsync("create sequence public.numbers");
        var before = await bench.CatalogAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var after = await bench.CatalogAsync();
        var run = (await bench.ReadAsync()).Run!.Value;
        await bench.Database.ExecuteAsync(
            """
            delete from public.results where id <= 10; insert into public.results values (500, 'late', 1);
            select nextval('public.numbers') from generate_series(1, 30)
            """
        );

        var kills = await CarryAsync(bench, run, BesideRollback.MethodName + " rescue", RunResult.RolledBack, when);

        Assert.True(kills > 12, $"only {kills} kills");
        Assert.Equal(before, await bench.CatalogAsync());
        Assert.Equal(100, await bench.Database.ScalarAsync<long>("select count(*) from public.results"));
        var kept = SwapPlan.BeforeOf(bench.Database.Name, run.Value);
        Assert.Equal([$"{bench.Database.Name}|True", $"{kept}|False"], await NamesAsync(bench, run));
        await OnceAsync(bench, 1, nameof(MigrationReverted));
        Assert.Equal(
            ["500"],
            await bench.Database.RowsAsync($"select id::text from {RowRescue.SchemaOf(run.Value)}.\"public.results\"")
        );
        Assert.Equal(31, await bench.Database.ScalarAsync<long>("select nextval('public.numbers')"));

        kills = await CarryAsync(bench, run, UndoRollback.MethodName, RunResult.Undone, when);

        Assert.True(kills > 5, $"only {kills} kills");
        Assert.Equal(after, await bench.CatalogAsync());
        Assert.Equal(91, await bench.Database.ScalarAsync<long>("select count(*) from public.results"));
        Assert.Equal(32, await bench.Database.ScalarAsync<long>("select nextval('public.numbers')"));
        var undone = SwapPlan.UndoneOf(bench.Database.Name, run.Value);
        Assert.Equal([$"{bench.Database.Name}|True", $"{undone}|False"], await NamesAsync(bench, run));
        await OnceAsync(bench, 2, nameof(RollbackUndone));
        await TestDatabase.Of(server.Cluster, undone).DisposeAsync();
    }

    [Theory]
    [InlineData(true, "")]
    [InlineData(false, "")]
    [InlineData(false, "transaction")]
    public async Task A_swap_killed_at_its_commit_takes_effect_once_and_nobody_stays_shut_out(
        bool committed,
        string pool
    )
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "backup");
        await using var pooler = pool.Length > 0 ? await PgBouncer.StartAsync(server.Cluster, pool) : null;
        if (pooler is not null)
        {
            await bench.ReplaceAsync(
                "database: \"${DATABASE_URL}\"",
                $"database: \"${{DATABASE_URL}}\", pgbouncer: \"{Console(pooler)}\""
            );
        }

        await bench.Database.ExecuteAsync("create sequence public.numbers");
        var before = await bench.CatalogAsync();
        Assert.Equal(0, (await bench.RunAsync("deploy")).Code);
        var run = (await bench.ReadAsync()).Run!.Value;
        await bench.Database.ExecuteAsync("select nextval('public.numbers') from generate_series(1, 30)");
        await using var relay = await Relay.StartAsync(server.Cluster.Port);
        bench.Address = relay.Through(bench.Database.Uri);
        relay.After = "rename to";
        relay.Commit = committed ? RelayedCommit.Unanswered : RelayedCommit.Swallowed;
        await using (var client = await ThroughAsync(pooler, bench))
        {
            await using (var program = bench.Start("rollback", run, BesideRollback.MethodName))
            {
                await program.MeetsAsync(relay.CommitSeen);
                await program.KillAsync();
            }

            relay.Commit = RelayedCommit.Answered;
            var kept = SwapPlan.BeforeOf(bench.Database.Name, run.Value);
            if (committed)
            {
                await TestDatabase.UntilAsync(
                    server.Cluster.Target(),
                    $"select exists (select from pg_database where datname = '{kept}')"
                );
            }

            // As an application stands that was held back: it only waits.
            var waiting = client is null ? Task.CompletedTask : AskAsync(client);
            await bench.EndsAsync(run, RunResult.RolledBack);
            await waiting.WaitAsync(TimeSpan.FromSeconds(20));
            Assert.Equal(before, await bench.CatalogAsync());
            Assert.Equal([$"{bench.Database.Name}|True", $"{kept}|False"], await NamesAsync(bench, run));
            await OnceAsync(bench, 1, nameof(MigrationReverted));

            // Whichever program carried it on.
            var (_, state, _) = await bench.ReadAsync();
            Assert.Contains(
                "to the last number given out: public.numbers",
                state.Swapped!.Finding.ToString(),
                StringComparison.Ordinal
            );
            Assert.Equal(31, await bench.Database.ScalarAsync<long>("select nextval('public.numbers')"));
            await TestDatabase.Of(server.Cluster, kept).DisposeAsync();
        }
    }

    private static string Console(PgBouncer pooler) =>
        FormattableString.Invariant($"host=127.0.0.1 port={pooler.Port} user=postgres dbname=pgbouncer");

    private static async Task<NpgsqlConnection?> ThroughAsync(PgBouncer? pooler, CrashBench bench)
    {
        if (pooler is null)
        {
            return null;
        }

        var connection = new NpgsqlConnection(
            pooler.Target(bench.Database.Name).NpgsqlConnectionString("client")
                + ";No Reset On Close=true;Keepalive=0;Command Timeout=0"
        );
        await connection.OpenAsync();
        await AskAsync(connection);
        return connection;
    }

    private static async Task AskAsync(NpgsqlConnection client)
    {
        await using var ask = new NpgsqlCommand("select count(*) from public.results", client);
        Assert.Equal(100L, await ask.ExecuteScalarAsync());
    }

    private static async Task<int> CarryAsync(CrashBench bench, RunId run, string method, RunResult wanted, string when)
    {
        File.Delete(bench.KillFile);
        var kills = 0;
        for (var processes = 0; ; processes++)
        {
            Assert.True(processes < MostProcesses, "it never comes to its end");
            var (_, state, entries) = await bench.ReadAsync();
            if (state.Result == wanted)
            {
                Outcome.IsSound(entries);
                return kills;
            }

            var isBegun = state.Status != RunStatus.Ended && method.Split(' ')[0] == state.Rollback?.Method;
            var (code, output) = await bench.RunAsync(isBegun ? "resume" : "rollback", run, method, when);
            Assert.True(code is 0 or 1 or 137, $"{method} ended with {code}\n{output}");
            kills += code == 137 ? 1 : 0;
        }
    }

    private static async Task OnceAsync(CrashBench bench, int swaps, string once)
    {
        var (_, _, entries) = await bench.ReadAsync();
        Assert.Equal(swaps, entries.Count(e => e.Kind == nameof(DatabaseSwapped)));
        Assert.Single(entries, e => e.Kind == once);
    }

    /// <summary>Every database that has to do with the run, and whether it lets anybody in.</summary>
    private async Task<List<string>> NamesAsync(CrashBench bench, RunId run)
    {
        await using var admin = await PostgresSession.OpenAsync(server.Cluster.Target(), "test", default);
        return await admin.QueryAsync(
            $"""
            select datname::text, datallowconn from pg_database
            where datname = '{bench.Database.Name}' or datname like '%{run.Value}%' order by 1
            """,
            r => $"{r.GetString(0)}|{r.GetBoolean(1)}",
            default
        );
    }
}
