using Spectre.Console;
using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Backups.PgBackRest;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Definition;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Runs;
using Tidelock.Tests.Evidence;
using Tidelock.Texts;

namespace Tidelock.Tests.Rendering;

/// <summary>The list of ways back as it is read at three in the morning.</summary>
public sealed class WaysScreenTests
{
    [Theory]
    [InlineData("en")]
    [InlineData("ko")]
    public void The_ways_back_fit_eighty_columns_and_look_as_approved(string language)
    {
        var rows = new WayRows(new ReportWords(TextCatalog.For(language))).Rows(
            RollbackRanking.Rank(Ways(), "definition")
        );

        var lines = new RowLayout(80, colored: false).Lines([.. rows]).ToList();

        Assert.All(lines, l => Assert.True(l.GetCellWidth() <= 80, l));
        Approved.Matches($"ways.{language}.80.txt", string.Join('\n', lines) + "\n");
    }

    [Theory]
    [InlineData("en")]
    [InlineData("ko")]
    public void A_command_that_people_paste_stands_on_one_line_however_narrow_the_screen_is(string language)
    {
        var commands = RecoveryCommands.Of(
            new PgBackRestOptions("main", null, ["sudo", "-n", "-u", "postgres", "pgbackrest"], null, TimeSpan.Zero),
            "/changes/one",
            new SourcedBackup(BackupSource.PgBackRest, "20261127-010000F", BackupLevel.Verified, At, TimeSpan.Zero),
            new RecoveryPoint(At, 739),
            1,
            new ServerPlace("15/main", null)
        );
        var server = new ServerIdentity("77", 1, "seedtest", 5, 150000, false);
        var ask = new RecoveryAsk(At, commands, At, 739, server, ChangesTimeline: true, 0);
        var story = new WatchStory().Then(new RunHeld(RecoveryRollback.Say("rollbacks.recovery.asked", ask), null));
        var layout = new RowLayout(80, colored: true);

        var lines = layout
            .Lines([.. new HoldRows(new ReportWords(TextCatalog.For(language))).Rows(story.State, [], story.Now)])
            .ToList();
        var plain = string.Join('\n', lines).Replace("\e[33m", "").Replace("\e[0m", "");

        Assert.All(commands, c => Assert.Single(lines, l => l.Trim() == c));
        Assert.All(lines, l => Assert.Equal(l.Trim() == commands[1] ? 3 : 1, layout.Height(l)));
        Approved.Matches($"recovery.{language}.80.txt", plain + "\n");
    }

    private static readonly DateTimeOffset At = new(2026, 11, 27, 1, 52, 11, TimeSpan.Zero);

    private static IEnumerable<(string, RollbackAssessment)> Ways()
    {
        var backup = new RunBackup(
            "/backups/seedtest-20261127T014007Z",
            BackupLevel.Rehearsed,
            TimeSpan.FromSeconds(41)
        );
        yield return (
            "in-place",
            new RollbackAssessment(true, InPlaceCost.Of(backup, Lost(), null, null), LosesWrites: true)
            {
                RowsLost = Lost().Total,
                Rescue = Message.Of(
                    "rollbacks.rescue.offers-first",
                    (
                        "offer",
                        Message.Of(
                            "rollbacks.rescue.offers-but",
                            ("schema", RowRescue.SchemaOf("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2")),
                            ("tables", "public.login_log")
                        )
                    )
                ),
            }
        );
        yield return (
            "downgrade",
            new RollbackAssessment(false, Message.Of("rollbacks.downgrade.none"), LosesWrites: false)
        );
        var baseline = new RunBaseline(new RelationName("public", "attempt"), null, 200000);
        yield return (
            "definition",
            new RollbackAssessment(true, DefinitionRollback.Cost(baseline), LosesWrites: false)
            {
                Takes = TimeSpan.FromMilliseconds(38),
            }
        );
    }

    private static LostWrites Lost() =>
        LostWrites.Of([
            new LostTableWrites(
                new RelationName("public", "exam_results"),
                new WriteCount(12000, 431, 0),
                null,
                "updated_at",
                new DateTimeOffset(2026, 11, 27, 2, 11, 31, TimeSpan.Zero)
            )
            {
                RowsThen = 200000,
                RowsNow = 212000,
            },
            new LostTableWrites(new RelationName("public", "idle"), new WriteCount(0, 0, 0), null, null, null),
            new LostTableWrites(
                new RelationName("app", "session_cache"),
                new WriteCount(7, 0, 0),
                null,
                null,
                null,
                IsNew: true
            ),
        ]);
}
