using System.Text.Json;
using Tidelock.Runs;
using Tidelock.Tests.Evidence;

namespace Tidelock.Tests.Runs;

public sealed class RunEventsTests
{
    [Fact]
    public void Every_kind_of_event_stands_in_the_journal_as_approved()
    {
        var kinds = RunJson.Readable.RunEvent.PolymorphismOptions!.DerivedTypes.Select(t => t.DerivedType);
        Assert.Equal(kinds, SampleEvents.All.Select(e => e.GetType()));
        var lines = SampleEvents.All.Select(
            (e, i) => RunEvents.Format(e with { At = SampleEvents.Zero.AddSeconds(i) })
        );
        Approved.Matches("events.jsonl", string.Join('\n', lines) + "\n");
    }

    [Fact]
    public void An_event_read_back_is_written_as_before() =>
        Assert.All(
            SampleEvents.All,
            e => Assert.Equal(RunEvents.Format(e), RunEvents.Format(RunEvents.Parse(Entry(RunEvents.Format(e)))))
        );

    [Theory]
    [InlineData("""{"kind":"WaveBegun","wave":3}""")]
    [InlineData("""{"wave":3}""")]
    public void A_kind_this_version_does_not_know_is_kept_and_marks_the_run(string payload)
    {
        var e = Assert.IsType<UnknownEvent>(RunEvents.Parse(Entry(payload)));
        Assert.Equal(["Kind"], e.Apply(RunState.Empty).UnknownKinds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("""{"kind":5}""")]
    [InlineData("""{"kind":"EpochTaken","epoch":"x"}""")]
    [InlineData("""{"epoch":1,"kind":"EpochTaken"}""")]
    public void A_payload_that_is_not_its_kind_is_said_to_be_broken(string payload) =>
        Assert.Throws<JsonException>(() => RunEvents.Parse(Entry(payload)));

    private static JournalEntry Entry(string payload) => JournalEntry.Next("RUN", null, "e1", "Kind", payload);
}
