using Tidelock.Backups.PgBackRest;

namespace Tidelock.Tests.Backups;

/// <summary>Reports as 2.45 printed them.</summary>
public sealed class BackRestVerificationTests
{
    private const string Good = """
        stanza: lab
        status: ok
          archiveId: 15-1, total WAL checked: 4, total valid WAL: 4
            missing: 0, checksum invalid: 0, size invalid: 0, other: 0
          backup: 20261127-164509F, status: valid, total files checked: 964, total valid files: 964
            missing: 0, checksum invalid: 0, size invalid: 0, other: 0

        """;

    private const string Flipped = """
        stanza: lab
        status: error
          archiveId: 15-1, total WAL checked: 4, total valid WAL: 4
            missing: 0, checksum invalid: 0, size invalid: 0, other: 0
          backup: 20261127-164509F, status: invalid, total files checked: 964, total valid files: 963
            missing: 0, checksum invalid: 1, size invalid: 0, other: 0

        """;

    [Fact]
    public void A_report_in_which_all_is_right_proves_the_backup_it_names() =>
        Assert.Null(BackRestVerification.Problem(Good, "20261127-164509F"));

    [Fact]
    public void Damage_is_told_by_what_is_wrong_and_not_by_what_is_right()
    {
        var problem = BackRestVerification.Problem(Flipped, "20261127-164509F")!;

        Assert.Equal("backups.backrest.damaged", problem.Code);
        Assert.Contains("checksum invalid: 1", problem.Arguments["words"], StringComparison.Ordinal);
        Assert.DoesNotContain("archiveId", problem.Arguments["words"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_log_file_is_told_too()
    {
        const string report =
            "stanza: lab\nstatus: error\n  archiveId: 15-1, total WAL checked: 4, total valid WAL: 3\n    other: 1\n";

        Assert.Contains(
            "other: 1",
            BackRestVerification.Problem(report, "20261127-164509F")!.Arguments["words"],
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("stanza: lab\nstatus: ok\n")]
    [InlineData("Stanza: lab\nVerify command completed successfully\n")]
    public void A_report_that_does_not_name_the_backup_proves_nothing(string report) =>
        Assert.Equal("backups.backrest.unverified", BackRestVerification.Problem(report, "20261127-164509F")!.Code);

    [Fact]
    public void That_another_backup_is_valid_proves_nothing() =>
        Assert.Equal("backups.backrest.unverified", BackRestVerification.Problem(Good, "20261127-164509F_1D")!.Code);
}
