using Tidelock.Evidence;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>The person's side of the program: what is written, in which language and form, and whether anybody can answer.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private const int PlainWidth = 100_000;
    private const int NarrowestWidth = 40;

    public Terminal(TextCatalog texts, IReadOnlyDictionary<string, string> variables, bool withoutColor)
    {
        Texts = texts;
        Words = new ReportWords(texts);
        Output = new SafeWriter(Console.Out);
        Errors = new SafeWriter(Console.Error);
        var dumb = variables.GetValueOrDefault("TERM") is null or "dumb" or "";
        IsTerminal = !Console.IsOutputRedirected;
        CanAnswer = IsTerminal && !Console.IsInputRedirected;
        IsColored = IsTerminal && !dumb && !withoutColor && !IsSet("NO_COLOR");
        IsLive = IsColored && !IsSet("CI");
        bool IsSet(string name) => !string.IsNullOrEmpty(variables.GetValueOrDefault(name));
    }

    public TextCatalog Texts { get; }

    /// <summary>The words and marks that screens and reports share.</summary>
    public ReportWords Words { get; }

    public TextWriter Output { get; init; }

    public TextWriter Errors { get; }

    public bool IsTerminal { get; }

    /// <summary>Whether a question would reach a person.</summary>
    public bool CanAnswer { get; }

    public bool IsColored { get; }

    /// <summary>Whether lines may be drawn over: a terminal that is neither CI nor asked to stay plain.</summary>
    public bool IsLive { get; }

    /// <summary>Columns; a pipe gets whole lines.</summary>
    public int Width
    {
        get => field > 0 ? field : Measured;
        init;
    }

    private int Measured => IsTerminal ? Math.Max(NarrowestWidth, Size(() => Console.WindowWidth, 80)) : PlainWidth;

    /// <summary>Lines of the window.</summary>
    public int Height => Size(() => Console.WindowHeight, 24);

    public RowLayout Layout => new(Width, IsColored);

    public void Show(params IReadOnlyList<Row> rows)
    {
        foreach (var line in Layout.Lines(rows))
        {
            Output.WriteLine(line);
        }
    }

    /// <summary>Text for a machine or a file, as it is.</summary>
    public void Print(string text) => Output.Write(text);

    public void Say(Message message) => Show(Row.Of(Texts.Render(message)));

    /// <summary>Something went wrong: standard error, so that a pipe's reader does not take it for a result.</summary>
    public void Problem(Message message)
    {
        var layout = Console.IsErrorRedirected ? new RowLayout(PlainWidth, colored: false) : Layout;
        foreach (var line in layout.Lines([Row.Of(Texts.Render(message), Tone.Bad)]))
        {
            Errors.WriteLine(line);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Output.FlushAsync();
        await Errors.FlushAsync();
    }

    private static int Size(Func<int> ask, int otherwise)
    {
        try
        {
            return ask() is > 0 and var size ? size : otherwise;
        }
        catch (IOException)
        {
            return otherwise;
        }
    }
}
