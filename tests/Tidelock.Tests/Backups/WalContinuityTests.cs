using Tidelock.Backups.PgBackRest;

namespace Tidelock.Tests.Backups;

public sealed class WalContinuityTests
{
    private const long Usual = 16 << 20;
    private const string SwitchedInFive = "1\t0/5053D40\tbefore 2026-11-27 16:46:42.146387+00\n";

    [Theory]
    [InlineData("000000010000000000000002", Usual, 2)]
    [InlineData("0000000100000000000000FF", Usual, 255)]
    [InlineData("000000010000000100000000", Usual, 256)]
    [InlineData("000000010000000A00000003", Usual, 2563)]
    [InlineData("000000010000000100000000", 64L << 20, 64)]
    [InlineData("000000010000000300000003", 1L << 30, 15)]
    [InlineData("000000010000000000000FFF", 1L << 20, 4095)]
    public void A_name_and_its_place_tell_each_other(string name, long size, long number)
    {
        var segment = WalSegment.TryParse(name, size)!;

        Assert.Equal(new WalSegment(1, (ulong)number), segment);
        Assert.Equal(name, segment.Name(size));
    }

    [Theory]
    [InlineData("00000002.history")]
    [InlineData("000000010000000000000002.00000028.backup")]
    [InlineData("00000001000000000000000G")]
    [InlineData("000000010000000000000100")]
    [InlineData("")]
    [InlineData(null)]
    public void What_is_no_log_file_of_that_size_has_no_place(string? name) =>
        Assert.Null(WalSegment.TryParse(name, Usual));

    [Fact]
    public void All_files_from_the_first_to_the_last_are_whole_also_over_the_end_of_a_log()
    {
        var archived = Archive(1, 0xFD, 0x102);

        Assert.Null(Find(archived, At(1, 0xFD), At(1, 0x102)));
        Assert.Contains(archived, n => n.StartsWith("000000010000000100000000-", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_is_missing_between_others_is_named_and_is_not_on_its_way()
    {
        var archived = Archive(1, 2, 9);
        archived.RemoveWhere(n => n.StartsWith("000000010000000000000005", StringComparison.Ordinal));

        var gap = Find(archived, At(1, 2), At(1, 9))!;

        Assert.Equal(["000000010000000000000005"], gap.Names);
        Assert.False(gap.IsAtTheEnd);
    }

    [Fact]
    public void Files_after_the_newest_may_be_on_their_way()
    {
        var gap = Find(Archive(1, 2, 7), At(1, 2), At(1, 9))!;

        Assert.Equal(["000000010000000000000008", "000000010000000000000009"], gap.Names);
        Assert.True(gap.IsAtTheEnd);
    }

    [Fact]
    public void Neither_a_partial_file_nor_a_label_stands_for_a_log_file()
    {
        var archived = Archive(1, 2, 3);
        archived.Add("000000010000000000000004.partial-679b9556e4e794b8665c01b39cf9056895b3c54d.gz");
        archived.Add("000000010000000000000004.00000028.backup");

        Assert.Equal(["000000010000000000000004"], Find(archived, At(1, 2), At(1, 4))!.Names);
    }

    [Fact]
    public void An_empty_archive_lacks_all_of_it() => Assert.Equal(3, Find([], At(1, 2), At(1, 4))!.Names.Count);

    [Fact]
    public void Over_a_switch_of_the_timeline_the_file_in_which_it_was_is_needed_on_the_new_one()
    {
        var archived = Archive(1, 3, 4);
        archived.UnionWith(Archive(2, 5, 6));
        archived.Add("00000002.history");

        Assert.Null(Find(archived, At(1, 3), At(2, 6), SwitchedInFive));
        archived.RemoveWhere(n => n.StartsWith("000000020000000000000005", StringComparison.Ordinal));
        archived.UnionWith(Archive(1, 5, 5));
        Assert.Equal(["000000020000000000000005"], Find(archived, At(1, 3), At(2, 6), SwitchedInFive)!.Names);
    }

    [Fact]
    public void A_history_that_is_not_archived_is_missing_as_a_file_is()
    {
        var archived = Archive(1, 3, 4);
        archived.UnionWith(Archive(2, 5, 6));

        Assert.Equal(["00000002.history"], Find(archived, At(1, 3), At(2, 6), SwitchedInFive)!.Names);
        Assert.Equal(["00000002.history"], Find(archived, At(1, 3), At(2, 6), null)!.Names);
    }

    [Fact]
    public void Several_switches_are_followed_one_after_the_other()
    {
        const string history = "1\t0/5053D40\tbefore\n\n2\t0/7000000\tno recovery target specified\n";
        var archived = Archive(1, 3, 4);
        archived.UnionWith(Archive(2, 5, 6));
        archived.UnionWith(Archive(3, 7, 8));
        archived.UnionWith(["00000002.history", "00000003.history"]);

        Assert.Null(Find(archived, At(1, 3), At(3, 8), history));
        Assert.Null(Find(archived, At(2, 5), At(3, 8), history));
        archived.RemoveWhere(n => n.StartsWith("000000020000000000000006", StringComparison.Ordinal));
        Assert.Equal(["000000020000000000000006"], Find(archived, At(1, 3), At(3, 8), history)!.Names);
    }

    [Fact]
    public void A_timeline_that_does_not_come_from_the_backups_leads_nowhere()
    {
        var archived = Archive(3, 3, 9);
        archived.UnionWith(Archive(2, 3, 9));
        archived.Add("00000003.history");

        Assert.Equal(["00000003.history"], Find(archived, At(2, 3), At(3, 9), SwitchedInFive)!.Names);
    }

    private static WalSegment At(uint timeline, ulong number) => new(timeline, number);

    private static HashSet<string> Archive(uint timeline, ulong from, ulong to)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var number = from; number <= to; number++)
        {
            names.Add(new WalSegment(timeline, number).Name(Usual) + "-2a2da46b208601abb6f71eb473330f8c4ee7d926.gz");
        }

        return names;
    }

    private static WalGap? Find(HashSet<string> archived, WalSegment start, WalSegment end, string? history = null) =>
        new WalContinuity(Usual).Find(archived, start, end, history);
}
