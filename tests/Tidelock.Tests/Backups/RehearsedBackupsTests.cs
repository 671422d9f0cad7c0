using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Tests.Backups;

/// <summary>Which backup of a folder a run takes because the change was rehearsed on it.</summary>
public sealed class RehearsedBackupsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 2, 0, 0, TimeSpan.Zero);
    private static readonly ServerIdentity Database = new("7301", 1, "seedtest", 16390, 150018, false);

    private readonly string folder = Directory.CreateTempSubdirectory("tl-rehearsed-").FullName;

    [Fact]
    public async Task The_newest_on_which_this_change_was_rehearsed_is_taken()
    {
        await BackupAsync("old", 90, "ours");
        await BackupAsync("newer", 30, "ours");
        await BackupAsync("newest", 10, "another");
        await BackupAsync("unrehearsed", 5, null);
        await BackupAsync(".unfinished-1", 1, "ours");
        Directory.CreateDirectory(Path.Combine(folder, "stray"));

        Assert.Equal("newer", Path.GetFileName(Newest("ours")!.Path));
        Assert.Equal("newest", Path.GetFileName(Newest("another")!.Path));
        Assert.Null(Newest("a third"));
        Assert.Equal(
            (null, null),
            RehearsedBackups.Newest(folder + "-not-there", "ours", Need, TimeSpan.FromHours(2), Now, null)
        );
    }

    [Fact]
    public async Task One_that_is_too_old_of_another_database_or_whose_rehearsal_failed_is_not()
    {
        await BackupAsync("old", 121, "ours");
        await BackupAsync("replaced", 20, "ours", Database with { DatabaseOid = 99999 });
        await BackupAsync("elsewhere", 20, "ours", Database with { SystemIdentifier = "7302" });
        await BackupAsync("failed", 20, "ours", passed: false);
        await BackupAsync("of-a-run", 20, "ours", run: "01JD");
        await BackupAsync("of-other-manifest", 20, "ours", digest: "0000");
        await BackupAsync("broken", 20, "ours");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "broken", "manifest.json"),
            "{",
            TestContext.Current.CancellationToken
        );

        Assert.Null(Newest("ours"));
    }

    [Theory]
    [InlineData("downgrade", "production", null, "backups.rehearsal.other-method")]
    [InlineData("backup", "staging", null, "backups.rehearsal.other-environment")]
    [InlineData("backup", null, null, "backups.rehearsal.other-environment")]
    [InlineData("backup", "production", "another run", "backups.rehearsal.used")]
    [InlineData("backup", "production", "this run", null)]
    public async Task One_of_another_way_back_or_environment_or_that_another_run_has_taken_is_passed_over(
        string method,
        string? environment,
        string? usedBy,
        string? misfit
    )
    {
        var newest = await BackupAsync("newest", 10, "ours");
        await newest.KeepAsync(
            newest.Rehearsal()! with
            {
                Method = method,
                Environment = environment,
                UsedBy = usedBy,
            },
            TestContext.Current.CancellationToken
        );

        var found = Found("ours");
        Assert.Equal(misfit is null ? newest.Path : null, found.Backup?.Path);
        Assert.Equal(misfit, found.Misfit?.Code);

        var older = await BackupAsync("older", 30, "ours");
        Assert.Equal(misfit is null ? newest.Path : older.Path, Found("ours").Backup!.Path);
        Assert.Null(Found("ours").Misfit);
    }

    [Fact]
    public async Task One_whose_database_was_changed_since_does_not_hold_for_it()
    {
        var view = View();
        var record = (await BackupAsync("one", 10, "ours")).Rehearsal()! with
        {
            Closure = RehearsalRecord.ClosureOf(view),
        };
        var hotFixed = view with { Relation = view.Relation with { Definition = "select 2 as id" } };

        Assert.Null(record.Drift(View()));
        Assert.Null((record with { Closure = RehearsalRecord.ClosureOf(null) }).Drift(null));
        Assert.Equal("backups.rehearsal.drifted", record.Drift(hotFixed)!.Code);
        Assert.Equal("backups.rehearsal.drifted", record.Drift(null)!.Code);
        Assert.NotNull((record with { Closure = null }).Drift(null));
    }

    [Fact]
    public async Task A_record_from_when_a_backup_was_only_restored_and_counted_is_read_and_proves_no_change()
    {
        var backup = await BackupAsync("earlier", 20, null);
        await File.WriteAllTextAsync(
            Path.Combine(backup.Path, "rehearsal.json"),
            $$"""
            { "manifestDigest": "{{backup.Manifest!.Digest()}}", "at": "2026-11-27T01:00:00+00:00", "restoreTook": "00:00:41",
              "tablesCompared": 2, "tablesUncounted": 0 }
            """,
            TestContext.Current.CancellationToken
        );

        Assert.Equal(TimeSpan.FromSeconds(41), backup.Rehearsal()!.RestoreTook);
        Assert.False(backup.Rehearsal()!.Proves("ours"));
    }

    [Fact]
    public void A_part_of_the_data_leaves_out_other_rows_large_objects_and_foreign_keys()
    {
        string[] lines =
        [
            "6; 2615 2200 SCHEMA - app owner",
            "218; 1259 1 TABLE app results owner",
            "219; 1259 2 TABLE app my results owner",
            "3300; 0 1 TABLE DATA app results owner",
            "3301; 0 2 TABLE DATA app my results owner",
            "3302; 0 3 SEQUENCE SET app results_id_seq owner",
            "3303; 0 0 BLOBS - BLOBS ",
            "3304; 2606 4 CONSTRAINT app results results_pkey owner",
            "3305; 2606 5 FK CONSTRAINT app results results_fkey owner",
        ];

        var kept = DumpList.WithRowsOf(lines, [new RelationName("app", "results")]).ToList();

        Assert.Equal(lines.Except([lines[4], lines[6], lines[8]]), kept);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static RehearsalNeed Need { get; } = new("backup", "production", "this run");

    private Backup? Newest(string change) => Found(change).Backup;

    private (Backup? Backup, Message? Misfit) Found(string change) =>
        RehearsedBackups.Newest(folder, change, Need, TimeSpan.FromHours(2), Now, Database);

    private static RelationClosure View() =>
        new(
            new CapturedRelation(
                new RelationName("public", "scores"),
                RelationKind.View,
                "owner",
                "select 1 as id",
                [],
                [],
                null,
                null,
                [],
                [],
                [],
                Populated: true,
                null,
                null,
                []
            ),
            [],
            []
        );

    private async Task<Backup> BackupAsync(
        string name,
        int minutesAgo,
        string? change,
        ServerIdentity? of = null,
        bool passed = true,
        string? digest = null,
        string? run = null
    )
    {
        var at = Now.AddMinutes(-minutesAgo);
        var manifest = new BackupManifest(
            "0.1.0",
            of ?? Database,
            "15.18",
            "0/0",
            at,
            at,
            1,
            new SourceSettings("UTF8", "C", "C", []),
            new StatisticsEpoch(null, null),
            [],
            [],
            [],
            1
        );
        var path = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        await File.WriteAllBytesAsync(
            Path.Combine(path, "manifest.json"),
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(manifest, BackupJson.Default.BackupManifest),
            TestContext.Current.CancellationToken
        );
        var backup = Backup.Open(path);
        if (change is not null)
        {
            var part = new RehearsedPart(
                RehearsalPart.Restore,
                passed,
                TimeSpan.FromSeconds(41),
                Message.Of("test.said")
            );
            var record = new RehearsalRecord(digest ?? manifest.Digest(), Now, part.Took, 0, 0)
            {
                ChangeDigest = change,
                Run = run,
                Method = "backup",
                Environment = "production",
                Parts = [part],
            };
            await backup.KeepAsync(record, TestContext.Current.CancellationToken);
        }

        return backup;
    }
}
