using Tidelock.Backups;

namespace Tidelock.Tests.Backups;

public sealed class RestoreRoomTests
{
    private const long Gigabyte = 1L << 30;

    [Fact]
    public void The_log_and_the_sorting_of_the_largest_index_are_in_the_room_that_a_restore_asks_for()
    {
        var source = new SourceSettings("UTF8", "C", "C", [], 100 * Gigabyte, 7 * Gigabyte);

        var room = RestoreRoom.Of(new Backup("/nothing", "/nothing", null), source);

        Assert.Equal((100 * Gigabyte, 7 * Gigabyte), (room.Database, room.Sorting));
        Assert.InRange(room.Wal, Gigabyte, 2 * Gigabyte);
        var lacking = new RestoreRoom(1L << 60, room.Wal, room.Sorting).Lacking(Path.GetTempPath());
        Assert.Equal("backups.no-space", lacking!.Code);
        Assert.Equal("8.6 GB", lacking.Arguments["besides"]);
    }

    [Fact]
    public void A_small_database_does_not_ask_for_a_log_that_it_cannot_fill()
    {
        var source = new SourceSettings("UTF8", "C", "C", [], 10 << 20, 1 << 20);

        Assert.Equal(20L << 20, RestoreRoom.Of(new Backup("/nothing", "/nothing", null), source).Wal);
    }
}
