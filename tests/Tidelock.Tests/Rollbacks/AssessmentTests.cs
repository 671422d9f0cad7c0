using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Rollbacks;

/// <summary>The list of ways back is read in an emergency: what is wrong with one of them must not hide the others.</summary>
public sealed class AssessmentTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-ways-").FullName;

    [Fact]
    public async Task A_way_that_cannot_be_assessed_is_not_usable_and_says_why()
    {
        var assessed = await RollbackAssessment.OfAsync(
            new ThrowingRollback(new IOException("disk gone")),
            Looking(null),
            CancellationToken.None
        );

        Assert.False(assessed.Usable);
        Assert.Equal("rollbacks.unassessed", assessed.Cost.Code);
        Assert.Contains("disk gone", TextCatalog.Korean.Render(assessed.Cost), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_ends_the_program_is_not_told_that_a_way_is_unusable()
    {
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();
        var way = new ThrowingRollback(new OperationCanceledException(ended.Token));

        await Assert.ThrowsAsync<OperationCanceledException>(() =>
            RollbackAssessment.OfAsync(way, Looking(null), ended.Token)
        );
    }

    [Fact]
    public async Task A_broken_manifest_makes_the_backup_unusable_and_no_more()
    {
        await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), "{}", CancellationToken.None);

        var assessed = await AssessAsync(new RunBackup(folder, BackupLevel.Verified, null));

        Assert.False(assessed.Usable);
        Assert.Equal("backups.manifest.broken", assessed.Cost.Parts!["reason"].Code);
    }

    [Fact]
    public async Task A_dump_that_is_gone_is_not_shown_as_a_way_back()
    {
        var gone = Path.Combine(folder, "gone");

        var assessed = await AssessAsync(new RunBackup(gone, BackupLevel.Rehearsed, TimeSpan.FromMinutes(1)));

        Assert.False(assessed.Usable);
        Assert.Equal("backups.dump-missing", assessed.Cost.Code);
        Assert.Contains(gone, assessed.Cost.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_without_a_backup_has_no_way_back_by_one()
    {
        var assessed = await AssessAsync(null);

        Assert.False(assessed.Usable);
        Assert.Equal("rollbacks.backup.none", assessed.Cost.Code);
    }

    [Fact]
    public void What_is_lost_is_named_largest_first_and_what_the_backup_does_not_know_is_said_to_stay()
    {
        var lost = new LostWrites(
            [
                new LostTableWrites(
                    new RelationName("app", "emptied"),
                    null,
                    Message.Of("backups.lost.rewritten"),
                    null,
                    null
                ),
                new LostTableWrites(
                    new RelationName("app", "new"),
                    new WriteCount(9, 0, 0),
                    null,
                    null,
                    null,
                    IsNew: true
                ),
                new LostTableWrites(new RelationName("app", "orders"), new WriteCount(3, 2, 1), null, null, null),
                new LostTableWrites(new RelationName("app", "idle"), new WriteCount(0, 0, 0), null, null, null),
            ],
            null
        );

        var cost = InPlaceCost.Of(new RunBackup("/b", BackupLevel.Verified, null), lost, null, null);

        Assert.Equal("app.new 9 rows", cost.Parts!["tables"].ToString());
        var restore = cost.Parts["cost"];
        Assert.Equal(
            "app.emptied unknown: The table was truncated or rewritten since then.; app.orders 6 rows",
            restore.Parts!["tables"].ToString()
        );
        Assert.Equal("?", restore.Arguments["rows"]);
    }

    [Fact]
    public void Nothing_is_said_to_be_lost_only_where_that_is_known()
    {
        Assert.Equal("nothing", Lost(new LostWrites([], 0)));
        Assert.Equal("nothing that the server knows of yet", Lost(new LostWrites([], 0) { AtLeast = true }));
        Assert.Equal("not known", Lost(LostWrites.Unknown));

        static string Lost(LostWrites lost) =>
            InPlaceCost
                .Of(new RunBackup("/b", BackupLevel.Verified, null), lost, null, null)
                .Parts!["tables"]
                .ToString();
    }

    [Fact]
    public void Pages_of_large_objects_are_told_as_pages_and_are_in_no_sum_of_rows()
    {
        var pages = new LostTableWrites(
            new RelationName("pg_catalog", "pg_largeobject"),
            new WriteCount(489, 0, 0),
            null,
            null,
            null
        )
        {
            ArePages = true,
        };
        var orders = new LostTableWrites(new RelationName("app", "orders"), new WriteCount(2, 0, 0), null, null, null);

        var lost = LostWrites.Of([pages, orders]);

        Assert.Equal((2, 2, true), (lost.Total, lost.Whole, lost.AtLeast));
        Assert.Equal(
            "large objects: 489 pages written; app.orders about 2 or more rows",
            LostWords.Of(lost, _ => true).ToString()
        );
        Assert.False(LostWrites.Of([orders]).AtLeast);
    }

    [Fact]
    public void A_restore_in_one_transaction_is_not_promised_in_the_time_of_one_by_several_jobs()
    {
        var rehearsed = new RunBackup("/b", BackupLevel.Rehearsed, TimeSpan.FromSeconds(41));
        var lost = new LostWrites([], 0);

        var atOnce = InPlaceCost.Of(rehearsed, lost, null, null);
        var byJobs = InPlaceCost.Of(rehearsed, lost, Message.Of("rollbacks.in-place.too-many"), rehearsed.RestoreTook);

        Assert.Equal("rollbacks.in-place.not-promised", atOnce.Parts!["promise"].Code);
        Assert.Equal("rollbacks.in-place.promised", byJobs.Parts!["promise"].Code);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static Task<RollbackAssessment> AssessAsync(RunBackup? backup) =>
        RollbackAssessment.OfAsync(
            new InPlaceRollback(new BackupPrograms(), TimeProvider.System),
            Looking(backup),
            CancellationToken.None
        );

    private static StepContext Looking(RunBackup? backup)
    {
        var state = SampleEvents.Started.Apply(RunState.Empty);
        if (backup is not null)
        {
            var fact = JsonSerializer.SerializeToElement(backup, RollbacksJson.Default.RunBackup);
            state = new FactRecorded("backup", "backup", fact).Apply(state);
        }

        return new StepContext(
            "rollback.revert",
            new RunId("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2"),
            null!,
            null!,
            null!,
            TimeProvider.System,
            new StandingRun(state),
            null!
        );
    }

    /// <summary>A run that is looked at.</summary>
    private sealed class StandingRun(RunState state) : IRunWriter
    {
        public RunState State => state;

        public Task AppendAsync(RunEvent e, CancellationToken cancellation) =>
            throw new InvalidOperationException("Looking writes nothing.");
    }

    private sealed class ThrowingRollback(Exception fault) : IRollbackMethod
    {
        public string Name => "throwing";

        public Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation) => throw fault;

        public Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation) => throw fault;

        public Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation) => throw fault;
    }
}
