using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console;
using Tidelock.Evidence;

namespace Tidelock.Cli.Rendering;

/// <summary>Sets rows into lines of a terminal: columns by display width (a Korean letter is two wide), text wrapped under itself.</summary>
internal sealed partial class RowLayout(int width, bool colored)
{
    private const int WidestLabel = 26;
    private const int NarrowestText = 24;
    private const string Verbatim = "    ";

    /// <summary>The lines of rows that belong together: their labels share one column.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="column">The width of the label column; 0 for as wide as the labels need.</param>
    public IEnumerable<string> Lines(IReadOnlyList<Row> rows, int column = 0)
    {
        var labels = rows.Where(r => r.Text.Length > 0).Select(r => r.Label.GetCellWidth()).Append(column);
        return rows.SelectMany(r => Lines(r, Math.Min(labels.Max(), WidestLabel)));
    }

    /// <summary>How many lines of the terminal one of those takes: only what must not be broken takes several.</summary>
    public int Height(string line) => Math.Max(1, (Color().Replace(line, "").GetCellWidth() + width - 1) / width);

    private IEnumerable<string> Lines(Row row, int column)
    {
        if (row is { Mark: "", Label: "" })
        {
            return Wrap(row.Text, width).Select(line => Paint(line, row.Tone));
        }

        var head = $" {Pad(row.Mark, 1)} {Pad(row.Label, column)}";
        var indent = head.GetCellWidth() + 2;
        var room = width - indent;
        if (room < NarrowestText)
        {
            var under = Wrap(row.Text, Math.Max(NarrowestText, width - 4)).Where(l => l.Length > 0);
            return [Paint(head.TrimEnd(), row.Tone), .. under.Select(l => "    " + l)];
        }

        return Wrap(row.Text, room)
            .Select((line, i) => (i == 0 ? Paint(head, row.Tone) : new string(' ', indent - 2)) + "  " + line)
            .Select(line => line.TrimEnd());
    }

    private string Paint(string text, Tone tone)
    {
        if (!colored || text.Length == 0)
        {
            return text;
        }

        return tone switch
        {
            Tone.Plain => text,
            Tone.Good => $"\e[32m{text}\e[0m",
            Tone.Warn => $"\e[33m{text}\e[0m",
            Tone.Bad => $"\e[1;31m{text}\e[0m",
        };
    }

    private static string Pad(string text, int cells) =>
        text + new string(' ', Math.Max(0, cells - text.GetCellWidth()));

    /// <summary>
    /// Breaks at spaces and keeps indentation; a word longer than the room is cut, so that nothing is lost. A command is left as it is: it is pasted
    /// into a shell, which would run its pieces.
    /// </summary>
    private static IEnumerable<string> Wrap(string text, int room) =>
        text.Split('\n')
            .SelectMany(
                (paragraph, i) =>
                    i > 0 && paragraph.StartsWith(Verbatim, StringComparison.Ordinal)
                        ? [paragraph.Trim()]
                        : WrapParagraph(paragraph.TrimEnd(), room)
            );

    private static IEnumerable<string> WrapParagraph(string paragraph, int room)
    {
        var words = paragraph.TrimStart();
        var indent = new string(' ', Math.Min(paragraph.Length - words.Length, room / 2));
        var line = new StringBuilder(indent);
        var used = 0;
        foreach (var word in Words(words).SelectMany(w => Pieces(w, room - indent.Length)))
        {
            var cells = word.GetCellWidth();
            if (used > 0 && used + 1 + cells > room - indent.Length)
            {
                yield return line.ToString().TrimEnd();
                line.Clear().Append(indent);
                used = 0;
            }

            line.Append(used > 0 ? " " : "").Append(word);
            used += cells + (used > 0 ? 1 : 0);
        }

        yield return line.ToString().TrimEnd();
    }

    /// <summary>Words that belong on one line: a figure stands beside its unit.</summary>
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        foreach (var word in text.Split(' '))
        {
            if (
                words is [.., [.., var before]]
                && (before is '±' || (char.IsAsciiDigit(before) && Unit().IsMatch(word)))
            )
            {
                words[^1] += " " + word;
            }
            else
            {
                words.Add(word);
            }
        }

        return words;
    }

    [GeneratedRegex("^(%|/s|µs|ms|s|min|h|d)(?![a-z])", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Unit();

    [GeneratedRegex(@"\e\[[0-9;]*m", RegexOptions.None, 1000)]
    private static partial Regex Color();

    private static IEnumerable<string> Pieces(string word, int room)
    {
        if (word.GetCellWidth() <= room)
        {
            yield return word;
            yield break;
        }

        var piece = new StringBuilder();
        foreach (var letter in Letters(word))
        {
            if (piece.ToString().GetCellWidth() + letter.GetCellWidth() > room)
            {
                yield return piece.ToString();
                piece.Clear();
            }

            piece.Append(letter);
        }

        yield return piece.ToString();
    }

    private static IEnumerable<string> Letters(string text)
    {
        var letters = StringInfo.GetTextElementEnumerator(text);
        while (letters.MoveNext())
        {
            yield return letters.GetTextElement();
        }
    }
}
