using System.Diagnostics;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>
/// SIGKILL around the transaction of a real Alembic: the program lives on when Tidelock is killed, its backend when Alembic is. Only
/// <c>alembic_version</c> knows what became of it.
/// </summary>
public sealed class KilledInAlembicTests(PostgresServer server)
{
    private const string Version = "select version_num from public.alembic_version";
    private const string Waits = """
        select exists (select from pg_stat_activity
         where application_name like 'tidelock/%' and wait_event = 'advisory' and datname = current_database())
        """;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_upgrade_whose_Tidelock_is_killed_in_its_transaction_is_made_once(bool commits)
    {
        await using var bench = await BenchAsync();
        var holder = await HoldAsync(bench);
        await using (var program = bench.Start("deploy"))
        {
            await program.MeetsAsync(bench.Database.UntilAsync(Waits));
            await program.KillAsync();
        }

        if (commits)
        {
            // Alembic has outlived Tidelock, and nobody is in its way any more.
            await holder.DisposeAsync();
            await bench.Database.UntilAsync($"select ({Version}) = 'two'");
        }

        var run = (await bench.ReadAsync()).Run!.Value;
        await using var next = bench.Start("resume", run);
        await bench.UntilAsync(next, s => s.Epoch == 2);
        await bench.NobodyLeftAsync("/1");
        await holder.DisposeAsync();
        var (code, output) = await next.EndAsync();

        Assert.True(code == 0, output);
        await IsMadeOnceAsync(bench);
    }

    [Fact]
    public async Task An_upgrade_that_was_committed_before_Tidelock_was_killed_is_found_and_not_made_again()
    {
        await using var bench = await BenchAsync();
        var (killed, output) = await bench.RunAsync("deploy", when: $"before {nameof(MigrationApplied)}");
        Assert.True(killed == 137, output);
        Assert.Equal("two", await bench.Database.ScalarAsync<string>(Version));

        await bench.EndsAsync((await bench.ReadAsync()).Run!.Value, RunResult.Completed);

        await IsMadeOnceAsync(bench);
    }

    [Fact]
    public async Task An_Alembic_that_is_killed_in_its_transaction_has_changed_nothing_and_leaves_no_backend()
    {
        await using var bench = await BenchAsync();
        await using var holder = await HoldAsync(bench);
        await using var program = bench.Start("deploy");
        await program.MeetsAsync(bench.Database.UntilAsync(Waits));
        var child = (await bench.ReadAsync()).State.Fact("migrate", "tool child")!.Value;
        using (var alembic = Process.GetProcessById(child.GetProperty("processId").GetInt32()))
        {
            alembic.Kill();
        }

        var (code, output) = await program.EndAsync();

        Assert.True(code == (int)ExitCode.RolledBack, output);
        Assert.Equal(RunResult.NothingChanged, (await bench.ReadAsync()).State.Result);
        Assert.Equal("one", await bench.Database.ScalarAsync<string>(Version));
        Assert.Equal(0, await bench.CommitsAsync());
        await bench.NobodyLeftAsync();
    }

    private async Task<CrashBench> BenchAsync()
    {
        var bench = await CrashBench.CreateAsync(server, onPostgres: false, "downgrade");
        await KindOfChange.Alembic.WriteAsync(bench, "300ms");
        return bench;
    }

    /// <summary>The upgrade asks for this lock after its DDL.</summary>
    private static async Task<NpgsqlConnection> HoldAsync(CrashBench bench)
    {
        var connection = await bench.Database.ConnectAsync();
        await using var command = new NpgsqlCommand("select pg_advisory_lock(7)", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    private static async Task IsMadeOnceAsync(CrashBench bench)
    {
        var (_, state, entries) = await bench.ReadAsync();
        Assert.Equal((RunResult.Completed, 2), (state.Result, state.Step("migrate").Attempts));
        Assert.Single(entries, e => e.Kind == nameof(MigrationApplied));
        Assert.Equal("two", await bench.Database.ScalarAsync<string>(Version));
        Assert.Equal(1, await bench.CommitsAsync());
        Outcome.IsSound(entries);
    }
}
