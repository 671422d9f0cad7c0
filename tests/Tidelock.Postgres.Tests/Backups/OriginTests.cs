using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>A dump tells the name of its database and not which server it is of.</summary>
public sealed class OriginTests(PostgresServer server)
{
    [Fact]
    public async Task A_dump_of_the_database_itself_is_not_told_from_it_though_it_has_grown()
    {
        await using var copy = await ExamDatabase.CreateAsync(server);
        await using var target = await ExamDatabase.CreateAsync(server);
        await target.Database.ExecuteAsync(
            "insert into exam_results (student, answers) select 'new', '[]' from generate_series(1, 400); analyze"
        );

        var (problem, notes) = await DifferenceAsync(copy, target);

        Assert.Null(problem);
        Assert.Empty(notes);
    }

    [Theory]
    [InlineData("create table only_there (n int)", "backups.origin.tables", "only_there")]
    [InlineData("alter table exam_results add column ahead int", "backups.origin.tables", "exam_results")]
    [InlineData("select setval('exam_results_id_seq', 501), setval('tickets', 8)", "backups.origin.sequences", "8:7")]
    [InlineData(Filled + Answered, "backups.origin.rows", "2500:500")]
    public async Task A_dump_of_another_database_of_the_same_name_is_told_by_what_it_holds(
        string there,
        string code,
        string mentions
    )
    {
        await using var copy = await ExamDatabase.CreateAsync(server);
        await using var target = await ExamDatabase.CreateAsync(server);
        await copy.Database.ExecuteAsync(More + there);
        await target.Database.ExecuteAsync(More);

        var (problem, _) = await DifferenceAsync(copy, target);

        Assert.Equal(code, problem!.Code);
        Assert.Contains(mentions, problem.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select setval('exam_results_id_seq', 501)", "backups.origin.sequences-noted", "501:500")]
    [InlineData(Filled, "backups.origin.rows-noted", "2500:500")]
    public async Task One_table_or_sequence_that_differs_is_noted_and_not_refused(
        string there,
        string code,
        string mentions
    )
    {
        await using var copy = await ExamDatabase.CreateAsync(server);
        await using var target = await ExamDatabase.CreateAsync(server);
        await copy.Database.ExecuteAsync(there);

        var (problem, notes) = await DifferenceAsync(copy, target);

        Assert.Null(problem);
        Assert.Equal(code, Assert.Single(notes).Code);
        Assert.Contains(mentions, notes[0].ToString(), StringComparison.Ordinal);
    }

    private const string More =
        "create sequence tickets; select setval('tickets', 7); create table answers as select 1 as n; analyze answers;";

    private const string Filled =
        "insert into exam_results (id, student, answers) select n, 'x', '[]' from generate_series(1001, 3000) n;";

    private const string Answered = "insert into answers select generate_series(1, 3000);";

    private static async Task<(Texts.Message? Problem, IReadOnlyList<Texts.Message> Notes)> DifferenceAsync(
        ExamDatabase copy,
        ExamDatabase target
    )
    {
        await using var theirs = await copy.OpenAsync();
        await using var ours = await target.OpenAsync();
        return await BackupOrigin.DifferenceAsync("/theirs", theirs, ours, CancellationToken.None);
    }
}
