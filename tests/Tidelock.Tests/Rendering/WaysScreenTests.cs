using Spectre.Console;
using Tidelock.Backups;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
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

    private static IEnumerable<(string, RollbackAssessment)> Ways()
    {
        var backup = new RunBackup(
            "/backups/seedtest-20261127T014007Z",
            BackupLevel.Rehearsed,
            TimeSpan.FromSeconds(41)
        );
        yield return (
            "in-place",
            new RollbackAssessment(true, BackupCost.Of(backup, Lost(), null), LosesWrites: true)
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
