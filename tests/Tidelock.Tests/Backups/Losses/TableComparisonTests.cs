using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Tests.Backups.Losses;

/// <summary>What counters of then and now tell, by arithmetic alone.</summary>
public sealed class TableComparisonTests
{
    private static readonly HashSet<RelationName> Nothing = [];
    private static readonly TableComparison Comparable = new(null, Nothing);

    [Fact]
    public void Unknown_stands_first_and_then_the_largest_losses()
    {
        var losses = Comparable.Losses(
            [State("idle", 1, 5), State("few", 2, 5), State("emptied", 3, 5), State("gone", 4, 5)],
            [State("idle", 1, 5), State("few", 2, 7), State("emptied", 3, 5) with { FileNode = 99 }, State("new", 5, 9)]
        );

        Assert.Equal(["emptied", "gone", "new", "few", "idle"], losses.Select(l => l.Table.Name));
        Assert.Equal([null, null, 9, 2, 0], losses.Select(l => l.Rows));
        Assert.True(losses[2].IsNew);
    }

    [Fact]
    public void A_new_table_that_falls_with_its_parent_is_lost_with_all_its_rows()
    {
        var falling = new TableComparison(null, new HashSet<RelationName> { new("public", "part") });

        var part = Assert.Single(falling.Losses([], [State("part", 1, 3)]));

        Assert.Equal((true, false, 0L, 3L), (part.Falls, part.IsNew, part.RowsThen, part.Rows));
    }

    [Fact]
    public void Counters_of_another_life_of_the_statistics_tell_nothing()
    {
        var other = new TableComparison(Message.Of("backups.lost.statistics-reset"), Nothing);

        var losses = other.Losses([State("orders", 1, 5)], [State("orders", 1, 5), State("new", 2, 1)]);

        Assert.All(losses, l => Assert.Null(l.Rows));
        Assert.Equal(
            "orders",
            Assert.Single(other.Others([State("orders", 1, 5)], [State("orders", 1, 5)])).Table.Name
        );
    }

    [Theory]
    [InlineData(0L, 10, 0L, 12, false)]
    [InlineData(null, 10, null, 10, false)]
    [InlineData(null, 10, null, 12, true)]
    [InlineData(0L, 10, null, 12, true)]
    [InlineData(null, 10, 0L, 12, true)]
    public void Large_objects_are_named_where_they_were_written_and_there_are_or_were_any(
        long? pagesThen,
        long writtenThen,
        long? pagesNow,
        long writtenNow,
        bool isNamed
    )
    {
        var others = Comparable.Others(
            [State("pg_largeobject", 2613, writtenThen) with { Rows = pagesThen }],
            [State("pg_largeobject", 2613, writtenNow) with { Rows = pagesNow }]
        );

        Assert.Equal(isNamed, others.Count == 1);
        Assert.All(others, o => Assert.Equal((writtenNow - writtenThen, null), (o.Rows, o.RowsThen)));
    }

    private static TableState State(string name, uint oid, long inserted) =>
        new("public", name, oid, oid, null, -1, inserted, 0, 0);
}
