using Microsoft.Extensions.Time.Testing;
using Spectre.Console;
using Tidelock.Cli.Rendering;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Rendering;

/// <summary>How often a watch is a line where nothing is drawn over: a pipe, CI, a plain terminal. Time is the test's.</summary>
public sealed class PlainScreenTests
{
    private static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);
    private readonly StringWriter output = new();

    [Fact]
    public void A_calm_watch_is_a_line_every_half_minute() =>
        Assert.Equal(10, Ticks(Played(new WatchStory().Watch(910)), from: 615));

    [Fact]
    public void Every_tick_is_a_line_while_the_run_is_held_and_half_a_minute_longer()
    {
        var story = new WatchStory().Watch(300).Watch(430, p95: null).Hold().Watch(460, p95: null);
        var lines = Played(story);
        Assert.Equal(6, Ticks(lines, from: 430));
        Assert.Contains(lines, l => l.Contains('‖', StringComparison.Ordinal));
        story.Then(new RunContinued(Message.Of("steps.watch.sees-again"))).Watch(560);
        Assert.Equal(6 + 5 + 2, Ticks(Played(story), from: 430));
    }

    [Fact]
    public void Every_tick_is_a_line_from_when_a_criterion_is_half_of_the_way_to_acting()
    {
        var story = new WatchStory().Watch(600).Watch(700, errorRate: 0.009);
        Assert.All(story.State.Ticks.TakeLast(10), t => Assert.True(t.IsNearAnEvent(story.State)));
        Assert.Equal(13, Ticks(Played(story), from: 640));
    }

    [Theory]
    [InlineData("en", 80)]
    [InlineData("ko", 80)]
    [InlineData("en", 140)]
    [InlineData("ko", 140)]
    public void Lines_fit_the_columns_of_a_terminal_and_stand_under_themselves(string language, int width)
    {
        var story = new WatchStory().Watch(300).Watch(430, p95: null).Hold().Watch(440, p95: null);
        var lines = Played(story, language, width);
        Assert.All(lines, l => Assert.True(l.GetCellWidth() <= width, l));
        Assert.Contains(
            lines,
            l => l.StartsWith(new string(' ', 9 + 4 + PlainScreen.LabelColumn), StringComparison.Ordinal)
        );
    }

    /// <summary>How many lines of ticks there are at a second and after it.</summary>
    private static int Ticks(IEnumerable<string> lines, double from) =>
        lines.Count(l =>
            l.Contains(" error_rate ", StringComparison.Ordinal) && string.CompareOrdinal(l, Clock(from)) > 0
        );

    private static string Clock(double second) =>
        WatchStory.Zero.AddSeconds(second).ToString("HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private IReadOnlyList<string> Played(WatchStory story, string language = "en", int width = 1000)
    {
        output.GetStringBuilder().Clear();
        var clock = new FakeTimeProvider(story.Events[0].At);
        var terminal = new Terminal(language is "ko" ? TextCatalog.Korean : TextCatalog.English, Nothing, true)
        {
            Output = output,
            Width = width,
        };
        var screen = new PlainScreen(terminal, clock);
        var state = RunState.Empty;
        foreach (var e in story.Events)
        {
            clock.SetUtcNow(e.At);
            state = e.Apply(state);
            screen.Happened(e, state);
        }

        return output.ToString().Split(output.NewLine, StringSplitOptions.RemoveEmptyEntries);
    }
}
