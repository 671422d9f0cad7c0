using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Evidence;

public sealed class ChainVerificationTests
{
    private static readonly IReadOnlyList<JournalEntry> Whole = RunStories.Completed().Entries;

    [Fact]
    public void A_whole_chain_is_sound_and_says_what_it_does_not_prove()
    {
        var chain = ChainVerification.Of(Whole);
        Assert.True(chain.IsSound);
        Assert.Equal(Whole[^1].Hash, chain.Head);
        Assert.Equal(["evidence.chain.sound", "evidence.chain.limits"], chain.Messages.Select(m => m.Code));
        Assert.Contains(chain.Head, TextCatalog.Korean.Render(chain.Messages[0]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_payload_is_found_where_it_stands() =>
        Breaks(
            Replaced(4, e => e with { Payload = e.Payload.Replace("backup", "nothing", StringComparison.Ordinal) }),
            "evidence.chain.changed"
        );

    [Fact]
    public void A_payload_changed_together_with_its_hash_breaks_the_link_of_the_next() =>
        Breaks(
            Replaced(
                4,
                e =>
                    JournalEntry.Next(
                        e.Stream,
                        Whole[2],
                        e.EventId,
                        e.Kind,
                        e.Payload.Replace("backup", "other", StringComparison.Ordinal)
                    ) with
                    {
                        Sequence = e.Sequence,
                    }
            ),
            "evidence.chain.unlinked"
        );

    [Fact]
    public void A_missing_entry_is_a_gap() =>
        Breaks([.. Whole.Where(e => e.Sequence != 7)], "evidence.chain.gap", "evidence.chain.unlinked");

    [Fact]
    public void A_missing_first_entry_is_a_gap() =>
        Breaks([.. Whole.Skip(1)], "evidence.chain.gap", "evidence.chain.unlinked");

    [Fact]
    public void Two_entries_that_changed_places_are_found() =>
        Breaks(
            [.. Whole.Take(3), Whole[4], Whole[3], .. Whole.Skip(5)],
            "evidence.chain.gap",
            "evidence.chain.unlinked",
            "evidence.chain.reordered"
        );

    [Fact]
    public void An_entry_that_stands_twice_is_found() =>
        Breaks([.. Whole.Take(3), .. Whole.Skip(2)], "evidence.chain.reordered", "evidence.chain.unlinked");

    [Fact]
    public void An_entry_of_another_run_is_found() =>
        Breaks(
            Replaced(4, e => e with { Stream = "01JDK3V4Q8Z5W6X7Y8Z9A0B1C3" }),
            "evidence.chain.foreign",
            "evidence.chain.changed"
        );

    [Fact]
    public void A_kind_that_is_not_that_of_the_payload_is_found() =>
        Breaks(Replaced(4, e => e with { Kind = "RunEnded" }), "evidence.chain.kind");

    [Fact]
    public void An_end_that_was_cut_off_cannot_be_found_and_the_words_say_so()
    {
        var chain = ChainVerification.Of([.. Whole.SkipLast(5)]);
        Assert.True(chain.IsSound);
        Assert.Contains("cut off", TextCatalog.English.Render(chain.Messages[1]), StringComparison.Ordinal);
    }

    [Fact]
    public void No_entries_prove_nothing()
    {
        var chain = ChainVerification.Of([]);
        Assert.False(chain.IsSound);
        Assert.Equal(["evidence.chain.empty"], chain.Messages.Select(m => m.Code));
    }

    private static IReadOnlyList<JournalEntry> Replaced(long sequence, Func<JournalEntry, JournalEntry> change) =>
        [.. Whole.Select(e => e.Sequence == sequence ? change(e) : e)];

    private static void Breaks(IReadOnlyList<JournalEntry> entries, params string[] codes)
    {
        var chain = ChainVerification.Of(entries);
        Assert.False(chain.IsSound);
        Assert.Equal(
            codes.Order(StringComparer.Ordinal),
            chain.Breaks.Select(b => b.Code).Distinct().Order(StringComparer.Ordinal)
        );
        Assert.Equal("evidence.chain.broken", chain.Messages[0].Code);
    }
}
