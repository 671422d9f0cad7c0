using Spectre.Console;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Tests.Evidence;
using Tidelock.Texts;

namespace Tidelock.Tests.Rendering;

/// <summary>What stands on the screen during a watch, as <c>deploy</c> and <c>tidelock watch</c> draw it.</summary>
public sealed class WatchScreenTests
{
    [Theory]
    [InlineData("healthy", "en", 80)]
    [InlineData("healthy", "en", 140)]
    [InlineData("healthy", "ko", 80)]
    [InlineData("healthy", "ko", 140)]
    [InlineData("held", "en", 80)]
    [InlineData("held", "en", 140)]
    [InlineData("held", "ko", 80)]
    [InlineData("held", "ko", 140)]
    [InlineData("extended", "en", 80)]
    [InlineData("extended", "ko", 80)]
    public void A_screen_fits_its_columns_and_looks_as_approved(string story, string language, int width)
    {
        var lines = Lines(Story(story), language, width);
        Assert.All(lines, l => Assert.True(l.GetCellWidth() <= width, l));
        Approved.Matches($"{story}.{language}.{width}.txt", string.Join('\n', lines) + "\n");
    }

    [Fact]
    public void Hangul_is_two_columns_wide_so_that_columns_stand_under_each_other()
    {
        Row[] rows = [new("✓", "관찰", "하나"), new("✓", "p95", "둘")];
        var lines = new RowLayout(80, colored: false).Lines(rows, PlainScreen.LabelColumn).ToList();
        Assert.Equal(
            lines[0][..lines[0].IndexOf("하나", StringComparison.Ordinal)].GetCellWidth(),
            lines[1][..lines[1].IndexOf('둘', StringComparison.Ordinal)].GetCellWidth()
        );
    }

    [Fact]
    public void Bounds_stand_as_figures_beside_the_values_with_the_baseline_they_come_from()
    {
        var text = Text(new WatchStory().Watch(700));
        Assert.Contains("base 212 ms ± 2 ms", text, StringComparison.Ordinal);
        Assert.Contains("rolls back above 424 ms (2x baseline 212 ms) for 10 min", text, StringComparison.Ordinal);
        Assert.Contains("base 0.02 %\n", text, StringComparison.Ordinal);
        Assert.Contains("ok within 38.4 – 57.6", text, StringComparison.Ordinal);
        Assert.Contains("11 min 30 s of 30 min  18 min 30 s left  healthy", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Values_past_a_bound_are_counted_before_they_are_a_breach()
    {
        var text = Text(new WatchStory().Watch(700).Watch(760, p95: 0.6));
        Assert.Contains("for 10 min: 12 of 120", text, StringComparison.Ordinal);
        Assert.Contains("nearest to rolling back: p95 > 2x baseline for 10m", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hold_says_why_since_when_what_ends_it_and_what_is_still_seen()
    {
        var text = Text(Story("held"));
        Assert.Contains("p95 could not be read for 2 min 5 s: ", text, StringComparison.Ordinal);
        Assert.Contains("connection refused", text, StringComparison.Ordinal);
        Assert.Contains("A blind instrument alone never rolls back.", text, StringComparison.Ordinal);
        Assert.Contains("Held since 17:07:10 (30 s).", text, StringComparison.Ordinal);
        Assert.Contains("Still watching: error_rate, connections", text, StringComparison.Ordinal);
        Assert.Contains("231 ms  ▇██████···  2 min 40 s ago", text, StringComparison.Ordinal);
        Assert.DoesNotContain(" ago", Text(new WatchStory().Watch(300)), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_several_signals_that_were_lost_those_that_came_back_are_named_as_seen_alone()
    {
        var both = Message.Of(
            "watching.hold.several",
            ("reason", Message.Of("watching.hold.silent", ("signal", "p95"), ("for", TimeSpan.FromMinutes(3)))),
            ("signals", "p95, error_rate")
        );
        var text = Text(new WatchStory().Watch(300).Watch(440, p95: null).Then(new RunHeld(both, null)));
        Assert.Contains("All that cannot be seen: p95.", text, StringComparison.Ordinal);
        Assert.Contains("Still watching: error_rate, connections", text, StringComparison.Ordinal);
        var back = Text(new WatchStory().Watch(440).Then(new RunHeld(both, null)));
        Assert.Contains("p95", back, StringComparison.Ordinal);
        Assert.DoesNotContain("All that cannot be seen", back, StringComparison.Ordinal);
    }

    [Fact]
    public void A_watch_that_was_made_longer_shows_its_new_length_and_moves_what_comes_after_it()
    {
        var text = Text(Story("extended"));
        Assert.Contains("5 min of 45 min  40 min left", text, StringComparison.Ordinal);
        Assert.Contains("of 75 min", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_read_before_the_watch_is_shown_and_called_neither_healthy_nor_broken()
    {
        var events = new WatchStory().Events.TakeWhile(e => e is not StepStarted { Step: "watch" }).ToList();
        events.Add(new StepStarted("verify", 1) { At = WatchStory.Zero.AddSeconds(3) });
        events.Add(
            new WatchTicked(false, [Sample.Of("p95", WatchStory.Zero.AddSeconds(5), 0.2)], [])
            {
                At = WatchStory.Zero.AddSeconds(5),
            }
        );
        var state = RunState.Of(events);
        var rows = Region("en").Rows(state, events, null, null, [], WatchStory.Zero.AddSeconds(6)).ToList();
        Assert.Contains(
            rows,
            r => r is { Mark: "", Label: "watch" } && r.Text.Contains("judged then", StringComparison.Ordinal)
        );
        Assert.Contains(rows, r => r is { Mark: "", Label: "p95", Tone: Tone.Plain });
        Assert.Equal("·", new WatchLine(new ReportWords(TextCatalog.English)).Of(state.Ticks[^1], state).Mark);
    }

    [Fact]
    public void A_line_of_a_pipe_says_how_far_the_values_and_what_does_not_hold()
    {
        var story = new WatchStory().Watch(300).Watch(440, p95: null);
        var row = new WatchLine(new ReportWords(TextCatalog.English)).Of(story.State.Ticks[^1], story.State);
        Assert.StartsWith("7 min 10 s of 30 min  error_rate 0.02 %  p95 ", row.Text, StringComparison.Ordinal);
        Assert.Contains("connections 48", row.Text, StringComparison.Ordinal);
        Assert.Contains("unknown: ", row.Text, StringComparison.Ordinal);
        Assert.Equal(Tone.Warn, row.Tone);
    }

    private static WatchStory Story(string name) =>
        name switch
        {
            "healthy" => new WatchStory().Watch(700).Watch(760, p95: 0.6).Watch(770),
            "held" => new WatchStory().Watch(300).Watch(430, p95: null).Hold().Watch(460, p95: null),
            "extended" => new WatchStory()
                .Watch(200)
                .Then(new CommandTaken("1", RunVerb.Extend, "lee", "15m"))
                .Watch(310),
            _ => throw new ArgumentOutOfRangeException(nameof(name), name, "no such story"),
        };

    private static LiveRegion Region(string language) =>
        new(
            new ReportWords(language is "ko" ? TextCatalog.Korean : TextCatalog.English),
            _ => Message.Of("cli.live.keys-looking")
        );

    private static IReadOnlyList<string> Lines(WatchStory story, string language, int width) =>
        [
            .. new RowLayout(width, colored: false).Lines(
                [.. Region(language).Rows(story.State, story.Events, null, null, [], story.Now)],
                PlainScreen.LabelColumn
            ),
        ];

    private static string Text(WatchStory story) => string.Join('\n', Lines(story, "en", 1000));
}
