using System.Globalization;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>A run as lines, one per event, for pipes, CI and terminals that are to stay plain. Nothing is ever drawn over.</summary>
internal sealed class PlainScreen(Terminal terminal, TimeProvider time) : IRunScreen
{
    /// <summary>The same for every line, so that lines that are printed one by one stand in columns.</summary>
    internal const int LabelColumn = 18;

    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(30);

    /// <summary>While something is going on, and as long after it.</summary>
    private static readonly TimeSpan NearEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan NearFor = TimeSpan.FromSeconds(30);

    private readonly Lock one = new();
    private readonly EventRow events = new(terminal.Words);
    private readonly WatchLine watch = new(terminal.Words);
    private (string Text, long At) lastProgress = ("", 0);
    private (string Verdicts, long At) lastTick = ("", 0);
    private long? lastEvent;

    public void Happened(RunEvent e, RunState state)
    {
        var row = e is WatchTicked tick ? Tick(tick, state) : Other(e, state);
        if (row is not null)
        {
            Write(row, e.At);
        }
    }

    public void Progressed(string step, Message progress)
    {
        var text = terminal.Texts.Render(progress);
        var now = time.GetTimestamp();
        lock (one)
        {
            if (text == lastProgress.Text || time.GetElapsedTime(lastProgress.At, now) < ProgressEvery)
            {
                return;
            }

            lastProgress = (text, now);
        }

        Write(new Row("…", step, text), time.GetUtcNow());
    }

    public void Warned(Message warning) =>
        Write(
            new Row("!", terminal.Words.Say("cli.warning"), terminal.Texts.Render(warning), Evidence.Tone.Warn),
            time.GetUtcNow()
        );

    public Task<char?> AskAsync(Message question, string keys, CancellationToken cancellation)
    {
        Write(new Row("?", "", terminal.Texts.Render(question)), time.GetUtcNow());
        return terminal.CanAnswer ? Keys.ReadAsync(keys, time, cancellation) : Task.FromResult<char?>(null);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Row? Other(RunEvent e, RunState state)
    {
        if (events.Of(e, state) is not { } row)
        {
            return null;
        }

        lock (one)
        {
            lastEvent = time.GetTimestamp();
        }

        return row;
    }

    /// <summary>A tick is a line when a verdict has changed, or while and shortly after something else happens; else now and then.</summary>
    private Row? Tick(WatchTicked tick, RunState state)
    {
        var isPast = tick.Verdicts.Count == 0 && state.Rules is { Rules.Count: > 0 };
        if (tick.Baseline || isPast)
        {
            return null;
        }

        var verdicts = string.Join(' ', tick.Verdicts.Select(v => v.State));
        var now = time.GetTimestamp();
        lock (one)
        {
            var every = IsNear(tick, state, now) ? NearEvery : WatchEvery;
            if (verdicts == lastTick.Verdicts && time.GetElapsedTime(lastTick.At, now) < every)
            {
                return null;
            }

            lastEvent = verdicts == lastTick.Verdicts ? lastEvent : now;

            lastTick = (verdicts, now);
        }

        return watch.Of(tick, state);
    }

    private bool IsNear(WatchTicked tick, RunState state, long now) =>
        tick.IsNearAnEvent(state) || (lastEvent is { } then && time.GetElapsedTime(then, now) < NearFor);

    private void Write(Row row, DateTimeOffset at)
    {
        var clock = at.ToUniversalTime().ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var layout = new RowLayout(Math.Max(40, terminal.Width - clock.Length), terminal.IsColored);
        lock (one)
        {
            var first = true;
            foreach (var line in layout.Lines([row], LabelColumn))
            {
                terminal.Output.WriteLine((first ? clock : new string(' ', clock.Length)) + line);
                first = false;
            }

            terminal.Output.Flush();
        }
    }
}
