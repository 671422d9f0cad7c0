using System.Text;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;

namespace Tidelock.Tests.Backups.Losses;

/// <summary>Which rows a backup has not seen, by arithmetic alone; and how a side table is called.</summary>
public sealed class RescueTests
{
    private const ulong Epoch = 1UL << 32;

    [Theory]
    [InlineData("733:735:733", 740, 733u)]
    [InlineData("733:733:", 733, 733u)]
    [InlineData("12884901893:12884901900:12884901893,12884901894", 12884901999, 5u)]
    [InlineData("4294967290:4294967290:", 4294967300, 4294967290u)]
    public void The_oldest_transaction_that_a_backup_may_lack_is_its_id_as_rows_have_it(
        string snapshot,
        ulong now,
        uint expected
    ) => Assert.Equal(expected, RescueHorizon.Of(snapshot, now));

    [Fact]
    public void Ids_that_no_transaction_has_are_not_the_oldest()
    {
        Assert.Equal(3u, RescueHorizon.Of($"{Epoch}:{Epoch}:", Epoch + 1));
        Assert.Equal(3u, RescueHorizon.Of($"{Epoch + 2}:{Epoch + 2}:", Epoch + 9));
    }

    [Fact]
    public void After_two_billion_transactions_nothing_can_be_told_apart()
    {
        const ulong then = (2 * Epoch) + 1000;
        Assert.NotNull(RescueHorizon.Of($"{then}:{then}:", then + (1UL << 31) - 1));
        Assert.Null(RescueHorizon.Of($"{then}:{then}:", then + (1UL << 31)));
    }

    [Theory]
    [InlineData("", 9)]
    [InlineData("733", 740)]
    [InlineData("-733:735:", 740)]
    [InlineData("x:735:", 740)]
    [InlineData("733:735:", 700)]
    public void What_is_no_snapshot_of_this_server_is_refused(string snapshot, ulong now) =>
        Assert.Null(RescueHorizon.Of(snapshot, now));

    [Fact]
    public void A_side_table_has_the_name_of_its_table_cut_at_a_letter_where_that_is_too_long_and_never_anothers()
    {
        Assert.Equal("public.exam_results", Named("public", "exam_results").SideName);
        Assert.NotEqual(Named("a.b", "c").SideName, Named("a", "b.c").SideName);

        var long1 = Named("학생", new string('가', 20) + "1").SideName;
        var long2 = Named("학생", new string('가', 20) + "2").SideName;
        Assert.NotEqual(long1, long2);
        Assert.All([long1, long2], n => Assert.InRange(Encoding.UTF8.GetByteCount(n), 50, 63));
        Assert.DoesNotContain('\uFFFD', long1);
    }

    private static RescueTable Named(string schema, string name) => new(new RelationName(schema, name), [], []);
}
