using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Backups.Losses;

/// <summary>Rows are saved on a server that has a real synchronous standby, which is there or away.</summary>
public sealed class RescueStandbyTests
{
    private const string Run = "01JDK3V4Q8Z5W6X7Y8Z9A0B1C2";

    [Fact]
    public async Task What_was_saved_is_on_the_synchronous_standby_before_anything_is_restored()
    {
        await using var cluster = await StartAsync();
        await using var database = await TestDatabase.CreateAsync(cluster);
        var manifest = await ManifestAsync(database);
        await using var standby = await StreamingStandby.StartAsync(cluster, "second");
        await database.ExecuteAsync("alter system set synchronous_standby_names = 'second'");
        await database.ExecuteAsync("select pg_reload_conf()");
        await database.UntilAsync("select bool_or(sync_state = 'sync') from pg_stat_replication");
        await database.ExecuteAsync("update results set name = 'late' where id = 1");
        var told = new List<Message>();

        var rows = await SaveAsync(database, manifest, told, TimeSpan.FromMinutes(2));

        Assert.DoesNotContain(told, m => m.Code == "rollbacks.rescue.not-replicated");

        // It is written to the file that the primary reads when it comes back.
        await database.ExecuteAsync("alter system reset synchronous_standby_names");
        await standby.TakeOverAsync();
        Assert.Equal(
            "1 late",
            await standby.ScalarAsync<string>(
                database.Name,
                $"select id || ' ' || name from {rows.Schema}.\"public.results\""
            )
        );
    }

    [Fact]
    public async Task A_synchronous_standby_that_is_away_is_told_and_not_waited_for_without_end()
    {
        await using var cluster = await StartAsync();
        await using var database = await TestDatabase.CreateAsync(cluster);
        var manifest = await ManifestAsync(database);
        await using var standby = await StreamingStandby.StartAsync(cluster, "second");
        await database.ExecuteAsync("update results set name = 'late' where id = 1");
        await standby.CutOffAsync(database);
        await MissingStandby.TakeAwayAsync(database, "second");
        var told = new List<Message>();

        var rows = await SaveAsync(database, manifest, told, TimeSpan.FromSeconds(1));

        var away = Assert.Single(told, m => m.Code == "rollbacks.rescue.not-replicated");
        Assert.Equal(rows.Schema, away.Arguments["schema"]);
        Assert.Equal(["1|late"], await database.RowsAsync($"select * from {rows.Schema}.\"public.results\""));
    }

    private static Task<LocalCluster> StartAsync() =>
        LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    // Autovacuum's own transactions are among those that a backup has not seen the end of.
                    ["autovacuum"] = "off",
                },
            },
            CancellationToken.None
        );

    private static async Task<BackupManifest> ManifestAsync(TestDatabase database)
    {
        await database.ExecuteAsync(
            "create table results (id int primary key, name text); insert into results values (1, 'a'), (2, 'b')"
        );
        await database.SettleAsync();
        await using var session = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        return await Manifests.OfAsync(session);
    }

    private static async Task<RescuedRows> SaveAsync(
        TestDatabase database,
        BackupManifest manifest,
        List<Message> told,
        TimeSpan limit
    )
    {
        await using var from = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        await using var to = await PostgresSession.OpenAsync(database.Target, ExamDatabase.Run, default);
        await to.ExecuteAsync("set synchronous_commit = on", default);
        var rescue = new RowRescue(from, to, manifest, Run, told.Add) { StandbyLimit = limit };
        var (rows, problem) = await rescue.RunAsync(default);
        Assert.True(rows is not null, problem?.ToString());
        Assert.Equal(["public.results 1"], rows.Saved.Select(t => $"{t.Table} {t.Rows}"));
        return rows;
    }
}
