using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Migrations;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Steps;

/// <summary>A run that stood still between its backup and its change.</summary>
public sealed class BackupAgeTests
{
    [Theory]
    [InlineData(119, false, false)]
    [InlineData(121, false, true)]
    [InlineData(121, true, false)]
    public void A_backup_older_than_the_change_accepts_is_due_again_before_the_change_has_begun(
        int minutes,
        bool hasBegun,
        bool isDue
    )
    {
        var backup = new RunBackup("/b", BackupLevel.Verified, null, SampleEvents.Zero, TimeSpan.FromHours(2));
        var state = Holding(backup);
        state = hasBegun ? new StepStarted("migrate", 1).Apply(state) : state;

        Assert.Equal(isDue, Step.IsDueAgain(state, SampleEvents.Zero.AddMinutes(minutes)));
    }

    [Fact]
    public void Without_a_backup_or_from_a_journal_that_tells_no_age_it_is_not_asked_for_again()
    {
        var later = SampleEvents.Zero.AddDays(9);

        Assert.False(Step.IsDueAgain(RunState.Empty, later));
        Assert.False(Step.IsDueAgain(Holding(new RunBackup("/b", BackupLevel.Verified, null)), later));
    }

    [Fact]
    public void What_the_run_has_accepted_before_its_change_may_be_restored_though_nobody_vouched_for_it()
    {
        var accepted = new RunBackup("/b", BackupLevel.Verified, null);
        var gate = new GateEvaluated("backup", "required", true, Message.Of("test.passed"), "kim", false);

        Assert.Null(RunBackup.VouchedBy(RunState.Empty));
        Assert.Null((accepted with { Level = BackupLevel.Taken }).Vouch(RunState.Empty));
        Assert.Equal("backups.accepted", accepted.Vouch(RunState.Empty)!.Code);
        Assert.Equal("backups.vouched", accepted.Vouch(gate.Apply(RunState.Empty))!.Code);
    }

    [Fact]
    public void A_folder_is_found_from_the_changes_own_wherever_the_program_was_started()
    {
        var options = new BackupOptions(BackupSource.PgDump, TimeSpan.FromHours(2)) { Folder = "../backups" };

        Assert.Equal("/changes/backups", options.In("/changes/one").FolderOrDefault());
        Assert.Equal("/var/b", (options with { Folder = "/var/b" }).In("/changes/one").Folder);
        Assert.Null((options with { Folder = null }).In("/changes/one").Folder);
    }

    private static BackupStep Step
    {
        get
        {
            var programs = new BackupPrograms();
            var rehearser = new DataRehearser(
                programs,
                new MigrationTransaction(TimeProvider.System),
                TimeProvider.System
            );
            return new BackupStep(programs, rehearser, TimeProvider.System);
        }
    }

    private static RunState Holding(RunBackup backup)
    {
        var fact = JsonSerializer.SerializeToElement(backup, RollbacksJson.Default.RunBackup);
        var state = new FactRecorded("backup", "backup", fact).Apply(RunState.Empty);
        return new StepEnded("backup", StepResult.Passed, Message.Of("test.passed")).Apply(state);
    }
}
