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

        Assert.Null(await DifferenceAsync(copy, target));
    }

    [Theory]
    [InlineData("create table only_there (n int)", "backups.origin.tables", "only_there")]
    [InlineData("alter table exam_results add column ahead int", "backups.origin.tables", "exam_results")]
    [InlineData("select setval('exam_results_id_seq', 501)", "backups.origin.sequence", "501")]
    [InlineData(
        "insert into exam_results (id, student, answers) select n, 'x', '[]' from generate_series(1001, 3000) n",
        "backups.origin.rows",
        "2500"
    )]
    public async Task A_dump_of_another_database_of_the_same_name_is_told_by_what_it_holds(
        string there,
        string code,
        string mentions
    )
    {
        await using var copy = await ExamDatabase.CreateAsync(server);
        await using var target = await ExamDatabase.CreateAsync(server);
        await copy.Database.ExecuteAsync(there);

        var difference = await DifferenceAsync(copy, target);

        Assert.Equal(code, difference!.Code);
        Assert.Contains(mentions, difference.ToString(), StringComparison.Ordinal);
    }

    private static async Task<Texts.Message?> DifferenceAsync(ExamDatabase copy, ExamDatabase target)
    {
        await using var theirs = await copy.OpenAsync();
        await using var ours = await target.OpenAsync();
        return await BackupOrigin.DifferenceAsync("/theirs", theirs, ours, CancellationToken.None);
    }
}
