using Spectre.Console;
using Tidelock.Backups;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>A rehearsal as it goes on: a row for each part that is over, and on a terminal one line for what is being done.</summary>
internal sealed class RehearsalScreen(Terminal terminal, bool isSilent)
{
    private const int TookCells = 9;
    private readonly ReportWords words = terminal.Words;
    private readonly Lock one = new();

    private int NameCells =>
        field > 0 ? field : field = Enum.GetValues<RehearsalPart>().Max(p => Name(p).GetCellWidth());

    /// <summary>What is being done: drawn over where that can be, else not told.</summary>
    public void Report(Message message)
    {
        if (isSilent || !terminal.IsLive)
        {
            return;
        }

        lock (one)
        {
            var line = new RowLayout(terminal.Width - 1, colored: false).Lines([new Row("▶", "", words.Say(message))]);
            terminal.Output.Write($"\r\e[2K{line.First()}");
            terminal.Output.Flush();
        }
    }

    public void Over(RehearsedPart part)
    {
        if (isSilent)
        {
            return;
        }

        Clear();
        var word = words.Of(part);
        var took = words.Span(part.Took).PadLeft(TookCells);
        var name = Name(part.Part);
        var label = name + new string(' ', NameCells - name.GetCellWidth()) + took;
        lock (one)
        {
            terminal.Show(new Row(word.Mark, label, words.Say(part.Finding), word.Tone));
            terminal.Output.Flush();
        }
    }

    /// <summary>Nothing is being done any more.</summary>
    public void Clear()
    {
        if (!isSilent && terminal.IsLive)
        {
            lock (one)
            {
                terminal.Output.Write("\r\e[2K");
            }
        }
    }

    /// <summary>What is worth knowing besides, and what it means for a deployment.</summary>
    public void End(DeploymentRequest request, RehearsalRecord record, BackupOptions options)
    {
        List<Row> rows = [.. record.Notes.Select(n => new Row("!", "", words.Say(n), Tone.Warn)), Row.Gap];
        if (record.Subset is { } subset)
        {
            rows.Add(Row.Of(words.Say(subset.Text), Tone.Warn));
        }

        rows.Add(Row.Of(words.Say(record.Summary), record.Passed ? Tone.Good : Tone.Bad));
        if (record.Passed)
        {
            rows.Add(Row.Of(Use(request, record, options)));
        }

        terminal.Show(rows);
    }

    private string Use(DeploymentRequest request, RehearsalRecord record, BackupOptions options) =>
        options.By == BackupSource.PgBackRest && Path.GetDirectoryName(record.Path)?.Length == 0
            ? words.Say("cli.rehearse.sourced", ("path", record.Path))
        : record.ManifestDigest.Length > 0 && Path.GetDirectoryName(record.Path) == Folder(request, options)
            ? words.Say("cli.rehearse.used", ("path", record.Path), ("until", record.TakenAt + options.MaxAge))
        : words.Say("cli.rehearse.not-used", ("path", record.Path));

    private static string? Folder(DeploymentRequest request, BackupOptions options) =>
        options.By == BackupSource.PgDump ? options.In(request.Change.Folder).FolderOrDefault() : null;

    private string Name(RehearsalPart part) => words.Say(RehearsedPart.NameOf(part));
}
