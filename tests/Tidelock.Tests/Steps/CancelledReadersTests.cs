using Tidelock.Postgres;
using Tidelock.Steps;
using Tidelock.Texts;

namespace Tidelock.Tests.Steps;

public sealed class CancelledReadersTests
{
    private static readonly StandbyConflicts Before = new("db at replica:5432", 4, 1, 0, 2, 0, null);

    [Fact]
    public void Only_the_reasons_that_rose_are_told_each_in_words()
    {
        var more = (Before with { Lock = 6, BufferPin = 1 }).Over(Before)!;

        var told = CancelledReaders.Finding(more)!;

        var english = told.ToString();
        Assert.Contains("db at replica:5432 has cancelled 3 queries", english, StringComparison.Ordinal);
        Assert.Contains(": 2 for a lock that was replayed", english, StringComparison.Ordinal);
        Assert.Contains("; 1 for a page that they read", english, StringComparison.Ordinal);
        Assert.DoesNotContain("VACUUM had removed", english, StringComparison.Ordinal);
        Assert.Contains("때문에 2건", TextCatalog.Korean.Render(told), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_reason_has_its_words()
    {
        var told = CancelledReaders.Finding(new("db", 1, 2, 3, 4, 5, null))!.ToString();

        Assert.Contains("cancelled 15 queries", told, StringComparison.Ordinal);
        foreach (var words in new[] { "1 for a lock", "2 for rows", "3 for a page", "4 because", "5 for temporary" })
        {
            Assert.Contains(words, told, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Nothing_more_is_nothing_to_tell() => Assert.Null(CancelledReaders.Finding(Before.Over(Before)!));

    [Fact]
    public void Counters_that_began_anew_are_unknown_and_not_a_fall()
    {
        Assert.Null((Before with { Lock = 0, BufferPin = 9 }).Over(Before));
        Assert.Null((Before with { Lock = 5, Since = DateTimeOffset.UnixEpoch }).Over(Before));
    }
}
