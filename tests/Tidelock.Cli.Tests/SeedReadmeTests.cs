using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

/// <summary>
/// scripts/production/README.md from top to bottom, as its reader types it: DATABASE_URL is all that is set. What is checked after each
/// section is what the section promises.
/// </summary>
public sealed class SeedReadmeTests(NativeProgram program, PostgresServer server) : IAsyncLifetime
{
    private const string Deploy = "bash scripts/production/runbook_attempt_view_lock.sh";
    private const string RollBack = "bash scripts/production/rollback_attempt_view.sh";
    private const string Production = "examples/attempt-view-v1 --env production";

    private readonly SeedPlace place = new(program);
    private readonly CancellationTokenSource ended = new();
    private TestDatabase staging = null!;
    private TestDatabase production = null!;
    private Task reading = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        staging = await server.CreateDatabaseAsync();
        production = await server.CreateDatabaseAsync();
        await place.LoadAsync(staging);
        await place.LoadAsync(production);
        reading = Task.WhenAll(ReadAsync(staging), ReadAsync(production));
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await reading;
        await staging.DisposeAsync();
        await production.DisposeAsync();
        ended.Dispose();
        place.Dispose();
    }

    [Fact]
    public async Task The_readme_holds_from_top_to_bottom()
    {
        var before = await ColumnsAsync(production);

        // The scripts say so when DATABASE_URL is not set.
        var unset = await place.PipedAsync("", Deploy);
        Expect(4, unset);
        Assert.Contains("DATABASE_URL", unset.Errors, StringComparison.Ordinal);

        // Checklist: nothing starts while a required item is open, and each is named.
        var open = await place.PipedAsync(production.Uri, Deploy);
        Expect(3, open);
        Assert.All(
            ["staging", "approval", "announcement", "dashboards"],
            gate => Assert.Contains(gate, open.Errors, StringComparison.Ordinal)
        );
        Assert.Equal(before, await ColumnsAsync(production));

        // Staging: the same deployment, verification and rollback.
        var stagingDeploy = "bash scripts/staging/runbook_attempt_view_lock.sh";
        Expect(0, await place.TypedAsync(staging.Uri, stagingDeploy, staging.Name));
        Assert.NotEqual(before, await ColumnsAsync(staging));
        await GiveWordsAsync();

        // 1. The deployment: it does nothing until the database's name is typed, then it goes through its seven steps and the watch.
        var other = await place.TypedAsync(production.Uri, Deploy, "another");
        Expect(3, other);
        Assert.Equal(before, await ColumnsAsync(production));
        var deployed = await place.TypedAsync(production.Uri, Deploy, production.Name);
        Expect(0, deployed);
        Assert.NotEqual(before, await ColumnsAsync(production));
        var report = await place.PipedAsync(production.Uri, "./tidelock report --format json");
        Assert.All(
            ["prerequisites", "backup", "baseline", "migrate", "verify", "smoke", "application", "watch", "complete"],
            step => Assert.Contains($"\"{step}\"", report.Output, StringComparison.Ordinal)
        );

        // 2. The watch of 30 minutes: status shows it, and the timeline T-30 … T+60.
        var status = await place.PipedAsync(production.Uri, "./tidelock status");
        Expect(0, status);
        Assert.Contains("completed", status.Output, StringComparison.Ordinal);
        Assert.Contains("view_queries", report.Output, StringComparison.Ordinal);
        Assert.Contains(
            "T-30",
            (await place.PipedAsync(production.Uri, "./tidelock report")).Output,
            StringComparison.Ordinal
        );

        // 3. Rollback, method 1.
        Expect(3, await place.PipedAsync(production.Uri, RollBack, "3\n"));
        Expect(1, await place.PipedAsync(production.Uri, RollBack, "1\n"));
        Assert.Equal(before, await ColumnsAsync(production));

        // Method 2 shows what will be lost and asks for the name; a pipe that cannot answer changes nothing.
        await GiveWordsAsync();
        Expect(0, await place.TypedAsync(production.Uri, Deploy, production.Name));
        await production.ExecuteAsync(
            "insert into exam_results (id, session_id) values (gen_random_uuid(), 'written since')"
        );
        Expect(3, await place.PipedAsync(production.Uri, RollBack, "2\n"));
        Assert.NotEqual(before, await ColumnsAsync(production));
        Expect(1, await place.TypedAsync(production.Uri, RollBack, "2", production.Name));
        Assert.Equal(before, await ColumnsAsync(production));
        Assert.Equal(200, await production.ScalarAsync<long>("select count(*) from exam_results"));

        // Troubleshooting: the view is there but has not the V1 shape; then it is gone; then it is made again by hand.
        Expect(2, await place.PipedAsync(production.Uri, $"./tidelock verify {Production}"));
        var slow = await place.PipedAsync(production.Uri, $"./tidelock diagnose {Production}");
        Expect(0, slow);
        Assert.Contains("exam_results_user_id_idx", slow.Output, StringComparison.Ordinal);
        Assert.Contains("Execution Time", slow.Output, StringComparison.Ordinal);
        await production.ExecuteAsync("drop view public.attempt cascade");
        var missing = await place.PipedAsync(production.Uri, $"./tidelock diagnose {Production}");
        Expect(2, missing);
        Assert.Contains("--repair", missing.Output, StringComparison.Ordinal);
        Expect(
            0,
            await place.TypedAsync(production.Uri, $"./tidelock diagnose {Production} --repair", production.Name)
        );
        Expect(0, await place.PipedAsync(production.Uri, $"./tidelock verify {Production}"));
        Expect(0, await place.PipedAsync(production.Uri, "./tidelock report --verify"));

        // Documents: the staging twin takes its deployment back the same way.
        Expect(1, await place.PipedAsync(staging.Uri, "bash scripts/staging/rollback_attempt_view.sh", "1\n"));
        Assert.Equal(before, await ColumnsAsync(staging));
    }

    /// <summary>The checklist's people: the announcement, the approval, the dashboards, two on call.</summary>
    private async Task GiveWordsAsync()
    {
        foreach (
            var word in (string[])
                [
                    "--gate announcement --by \"$USER\" --note \"#db-ops\"",
                    "--by \"$USER\"",
                    "--gate dashboards --by kim --note \"Grafana is open\"",
                    "--gate on-call --by kim",
                    "--gate on-call --by lee",
                    "--gate slack --by kim",
                ]
        )
        {
            Expect(0, await place.PipedAsync(production.Uri, $"USER=kim; ./tidelock approve {Production} {word}"));
        }

        var plan = $"./tidelock plan {Production}";
        var since = TimeProvider.System.GetTimestamp();
        ProgramResult ready;
        do
        {
            ready = await place.PipedAsync(production.Uri, plan);
        } while (ready.ExitCode != 0 && TimeProvider.System.GetElapsedTime(since).TotalSeconds < 60);

        Expect(0, ready);
    }

    /// <summary>What seedtest-api does all the time, over connections that it keeps.</summary>
    private async Task ReadAsync(TestDatabase database)
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                await using var one = await database.ConnectAsync();
                await using var other = await database.ConnectAsync();
                await ReadAsync(one);
            }
            catch (NpgsqlException)
            {
                // The view is dropped once, and a restore ends who is in its way.
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }
    }

    private async Task ReadAsync(NpgsqlConnection connection)
    {
        using var often = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!ended.IsCancellationRequested)
        {
            await using var read = connection.CreateCommand();
            read.CommandText = "select * from public.attempt order by completed_at desc limit 5";
            await read.ExecuteNonQueryAsync(CancellationToken.None);
            await often.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    private static void Expect(int exitCode, ProgramResult result) =>
        Assert.True(
            result.ExitCode == exitCode,
            $"{result.ExitCode} instead of {exitCode}: {result.Output}{result.Errors}"
        );

    private static Task<string?> ColumnsAsync(TestDatabase database) =>
        database.ScalarAsync<string>(
            "select string_agg(attname || ' ' || atttypid::regtype, ', ' order by attnum) from pg_attribute "
                + "where attrelid = to_regclass('public.attempt') and attnum > 0"
        );
}
