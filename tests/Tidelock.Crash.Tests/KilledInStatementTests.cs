using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL while an index is being built outside a transaction.</summary>
public sealed class KilledInStatementTests(PostgresServer server)
{
    private const string Valid = "select indisvalid from pg_index where indexrelid = to_regclass('public.by_name')";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_index_killed_while_it_waits_for_an_old_transaction_is_dropped_and_made_again(bool finished)
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await bench.ByStatementsAsync(
            "create index by_score on public.results (score);\ncreate index concurrently by_name on public.results (name);",
            "drop index concurrently public.by_name;\ndrop index concurrently public.by_score;"
        );
        var old = await bench.Database.ConnectAsync();
        await using (var begin = new Npgsql.NpgsqlCommand("begin isolation level repeatable read; select 1", old))
        {
            await begin.ExecuteNonQueryAsync();
        }

        await using var program = bench.Start("deploy");
        await program.MeetsAsync(
            bench.Database.UntilAsync(
                """
                select exists (select from pg_stat_activity where datname = current_database() and application_name like 'tidelock/%'
                 and wait_event = 'virtualxid' and query like 'create index concurrently%')
                """
            )
        );
        await program.KillAsync();
        var run = (await bench.ReadAsync()).Run!.Value;
        Assert.False(await bench.Database.ScalarAsync<bool>(Valid));
        if (finished)
        {
            // The server goes on with what the dead program had asked for, and ends it.
            await old.DisposeAsync();
            await bench.Database.UntilAsync($"select ({Valid})");
        }

        await using var next = bench.Start("resume", run);
        await bench.UntilAsync(next, s => s.Epoch == 2);
        await bench.NobodyLeftAsync("/1");
        await old.DisposeAsync();
        var (code, output) = await next.EndAsync();

        Assert.True(code == 0, output);
        Assert.True(await bench.Database.ScalarAsync<bool>(Valid));
        var (_, state, entries) = await bench.ReadAsync();
        Outcome.IsSound(entries);
        Assert.Equal((RunResult.Completed, 2), (state.Result, state.Step("migrate").Attempts));
        var marks = entries
            .Select(RunEvents.Parse)
            .OfType<FactRecorded>()
            .Where(f => f is { Step: "migrate", Name: "statement" })
            .Select(f => System.Text.Json.JsonSerializer.Deserialize(f.Value, MigrationsJson.Default.StatementMark)!)
            .Select(m => $"{m.Number} {m.State}");
        string[] first = ["1 begun", "1 done", "2 begun"];
        string[] rest = finished ? ["2 done"] : ["2 failed", "2 begun", "2 done"];
        Assert.Equal([.. first, .. rest], marks);
    }

    [Fact]
    public async Task A_run_killed_behind_its_first_statement_is_taken_back_by_one_word()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        await bench.ByStatementsAsync(
            "create index by_score on public.results (score);\ncreate index concurrently by_name on public.results (name);",
            "drop index concurrently public.by_name;\ndrop index concurrently public.by_score;"
        );
        await using var old = await bench.Database.ConnectAsync();
        await using (var begin = new Npgsql.NpgsqlCommand("begin isolation level repeatable read; select 1", old))
        {
            await begin.ExecuteNonQueryAsync();
        }

        await using var program = bench.Start("deploy");
        await program.MeetsAsync(
            bench.Database.UntilAsync(
                "select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'virtualxid')"
            )
        );
        await program.KillAsync();
        var run = (await bench.ReadAsync()).Run!.Value;

        var (code, output) = await bench.RunAsync("rollback", run, "downgrade");

        Assert.True(code == 1, output);
        Assert.Equal(RunResult.RolledBack, (await bench.ReadAsync()).State.Result);
        Assert.Equal(
            1,
            await bench.Database.ScalarAsync<long>(
                "select count(*) from pg_index where indrelid = 'public.results'::regclass"
            )
        );
    }
}
