using Tidelock.Backups;
using Tidelock.Backups.Commands;
using Tidelock.Backups.PgBackRest;
using Tidelock.Postgres;
using Tidelock.Rollbacks.Recovery;

namespace Tidelock.Tests.Rollbacks.Recovery;

public sealed class RecoveryCommandsTests
{
    private static readonly DateTimeOffset Before = new(2026, 11, 27, 10, 52, 10, 987, TimeSpan.FromHours(9));
    private static readonly ServerPlace Debian = new("15/main", "/var/lib/postgresql/15/main");
    private static readonly PgBackRestOptions Options = new(
        "main",
        "../pgbackrest.conf",
        ["sudo", "-n", "-u", "postgres", "pgbackrest"],
        null,
        TimeSpan.FromMinutes(20)
    );

    [Fact]
    public void One_transaction_is_stopped_before_exactly_from_the_runs_own_backup() =>
        Assert.Equal(
            [
                "sudo systemctl stop postgresql@15-main",
                "sudo -n -u postgres pgbackrest --config=/changes/pgbackrest.conf --stanza=main --delta --set=20261127-010000F "
                    + "--type=xid --target=739 --target-exclusive --target-timeline=4 --target-action=promote restore",
                "sudo systemctl start postgresql@15-main",
            ],
            RecoveryCommands.Of(Options, "/changes/one", Own, new RecoveryPoint(Before, 739), 4, Debian)
        );

    [Fact]
    public void A_transaction_of_a_later_epoch_is_named_as_the_log_has_it() =>
        Assert.Contains(
            "--target=739 ",
            RecoveryCommands.Of(Options, "/changes/one", Own, new RecoveryPoint(Before, (3UL << 32) + 739), 4, Debian)[
                1
            ],
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(4, 800, "rollbacks.recovery.same-timeline")]
    [InlineData(5, 738, "rollbacks.recovery.too-early")]
    [InlineData(5, 739, "rollbacks.recovery.too-early")]
    [InlineData(5, 740, null)]
    public void A_server_on_the_old_timeline_or_of_an_earlier_moment_is_not_the_restored_one(
        int timeline,
        ulong next,
        string? code
    )
    {
        var server = new ServerIdentity("77", 4, "seedtest", 5, 150000, false);
        var ask = new RecoveryAsk(Before, [], Before, 739, server, ChangesTimeline: true, 0);

        Assert.Equal(code, ask.Problem(server with { Timeline = timeline }, next)?.Code);
        Assert.Null((ask with { ChangesTimeline = false, TransactionId = null }).Problem(server, 1));
    }

    [Theory]
    [InlineData(699, "rollbacks.recovery.earlier")]
    [InlineData(700, null)]
    public void A_server_that_a_service_restored_to_an_earlier_moment_is_told_by_its_next_transaction(
        ulong next,
        string? code
    )
    {
        var server = new ServerIdentity("77", 4, "seedtest", 5, 150000, false);
        var ask = new RecoveryAsk(Before, [], Before, null, server, ChangesTimeline: false, 0) { Next = 700 };

        Assert.Equal(code, ask.Problem(server, next)?.Code);
        Assert.True(ask.TellsTheMoment);
        Assert.False((ask with { Next = null }).TellsTheMoment);
    }

    [Fact]
    public void What_is_not_one_transaction_is_stopped_before_at_a_time_in_UTC() =>
        Assert.Contains(
            "--set=20261127-010000F --type=time '--target=2026-11-27 01:52:10+00' --target-timeline=4 --target-action=promote",
            RecoveryCommands.Of(Options, "/changes/one", Own, new RecoveryPoint(Before, null), 4, Debian)[1],
            StringComparison.Ordinal
        );

    [Fact]
    public void Without_a_backup_of_the_runs_own_pgbackrest_chooses_one_by_the_time()
    {
        var restore = RecoveryCommands.Of(Options, "/changes/one", null, new RecoveryPoint(Before, 739), 4, Debian)[1];

        Assert.DoesNotContain("--set", restore, StringComparison.Ordinal);
        Assert.Contains("--type=time", restore, StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_is_not_Debians_is_stopped_by_its_folder()
    {
        var commands = RecoveryCommands.Of(
            Options with
            {
                Config = null,
                Program = ["pgbackrest"],
            },
            "/changes/one",
            null,
            new RecoveryPoint(Before, null),
            4,
            new ServerPlace("", "/data/o'brien's")
        );

        Assert.Equal("pg_ctl -w -D '/data/o'\\''brien'\\''s' -m fast stop", commands[0]);
        Assert.StartsWith("pgbackrest --stanza=main --delta", commands[1], StringComparison.Ordinal);
        Assert.Equal("pg_ctl -w -D '/data/o'\\''brien'\\''s' start", commands[2]);
        Assert.Equal("pg_ctl -w -D $PGDATA start", new ServerPlace("reporting/main", null).Command("start"));
    }

    [Fact]
    public void A_managed_services_command_has_its_time_and_its_backup_filled_in()
    {
        var options = new CommandBackupOptions(
            ["./rds.sh"],
            null,
            "aws rds restore --restore-time {time} --from {id}",
            TimeSpan.FromMinutes(30)
        );

        Assert.Equal(
            ["aws rds restore --restore-time 2026-11-27T01:52:10Z --from 20261127-010000F"],
            RecoveryCommands.Of(options, Own, new RecoveryPoint(Before, 739))!
        );
        Assert.Null(RecoveryCommands.Of(options with { Restore = null }, Own, new RecoveryPoint(Before, 739)));
    }

    private static SourcedBackup Own =>
        new(BackupSource.PgBackRest, "20261127-010000F", BackupLevel.Verified, Before, TimeSpan.FromHours(24));
}
