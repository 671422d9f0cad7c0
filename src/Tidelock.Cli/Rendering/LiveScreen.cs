using System.Globalization;
using System.Text;
using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>
/// A run on a terminal: what happened scrolls up and stays; what is going on stands below it and is drawn over a few times a
/// second.
/// </summary>
internal sealed class LiveScreen : IRunScreen
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private readonly Terminal terminal;
    private readonly TimeProvider time;
    private readonly Lock one = new();
    private readonly EventRow rows;
    private readonly LiveRegion region;
    private readonly List<RunEvent> events = [];
    private readonly List<string> scrolled = [];
    private readonly CancellationTokenSource stopping = new();
    private readonly Task drawing;
    private RunState state = RunState.Empty;
    private (string Step, Message Text)? progress;
    private Message? question;
    private IReadOnlyList<RunCommand> waiting = [];
    private int drawn;

    /// <param name="keys">What can be done now, by the keys and from elsewhere.</param>
    public LiveScreen(Terminal terminal, Func<RunState, Message> keys, TimeProvider time)
    {
        (this.terminal, this.time) = (terminal, time);
        rows = new EventRow(terminal.Words);
        region = new LiveRegion(terminal.Words, keys);
        drawing = Task.Run(DrawAsync);
    }

    public void Happened(RunEvent e, RunState after)
    {
        lock (one)
        {
            (state, progress) = (after, e is StepStarted ? null : progress);
            events.Add(e);
            if (e is not (StepStarted or FactRecorded) && rows.Of(e, after) is { } row)
            {
                Scroll(row, e.At);
            }
        }
    }

    public void Progressed(string step, Message text)
    {
        lock (one)
        {
            progress = (step, text);
        }
    }

    public void Warned(Message warning)
    {
        lock (one)
        {
            var text = terminal.Texts.Render(warning);
            Scroll(new Row("!", terminal.Words.Say("cli.warning"), text, Tone.Warn), time.GetUtcNow());
        }
    }

    public void Waiting(IReadOnlyList<RunCommand> commands)
    {
        lock (one)
        {
            waiting = commands;
        }
    }

    public async Task<char?> AskAsync(Message asked, string keys, CancellationToken cancellation)
    {
        if (!terminal.CanAnswer)
        {
            return null;
        }

        lock (one)
        {
            question = asked;
        }

        try
        {
            return await Keys.ReadAsync(keys, time, cancellation);
        }
        finally
        {
            lock (one)
            {
                question = null;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await drawing;
        Draw(last: true);
        stopping.Dispose();
    }

    private void Scroll(Row row, DateTimeOffset at)
    {
        var clock = at.ToUniversalTime().ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        var layout = new RowLayout(terminal.Width - clock.Length, terminal.IsColored);
        scrolled.AddRange(
            layout
                .Lines([row], PlainScreen.LabelColumn)
                .Select((line, i) => (i == 0 ? clock : new string(' ', clock.Length)) + line)
        );
    }

    private async Task DrawAsync()
    {
        try
        {
            while (true)
            {
                Draw(last: false);
                await Task.Delay(Every, time, stopping.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over; the last picture is drawn by whoever stops this.
        }
    }

    private void Draw(bool last)
    {
        lock (one)
        {
            var width = terminal.Width;
            var layout = new RowLayout(width, terminal.IsColored);
            IReadOnlyList<Row> now = last
                ? []
                : [.. region.Rows(state, events, progress, question, waiting, time.GetUtcNow())];
            var height = 0;
            var lines = layout
                .Lines(now, PlainScreen.LabelColumn)
                .TakeWhile(l => (height += layout.Height(l)) <= Math.Max(3, terminal.Height - 1))
                .ToList();
            var text = new StringBuilder("\e[?2026h\e[?25l");
            text.Append(drawn > 0 ? FormattableString.Invariant($"\e[{drawn}F\e[J") : "\r\e[J");
            foreach (var line in scrolled.Concat(lines))
            {
                text.Append(line).Append('\n');
            }

            text.Append("\e[?25h\e[?2026l");
            scrolled.Clear();
            drawn = lines.Sum(layout.Height);
            terminal.Output.Write(text.ToString());
            terminal.Output.Flush();
        }
    }
}
