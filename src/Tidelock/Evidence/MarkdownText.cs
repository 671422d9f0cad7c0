using System.Text;

namespace Tidelock.Evidence;

/// <summary>Text of others inside Markdown: nothing in it may become markup, end a table cell or a code block.</summary>
internal static class MarkdownText
{
    private const string Special = "\\`*_{}[]<>#|~!&$";

    public static string Cell(string text)
    {
        var cell = new StringBuilder(text.Length + 8);
        foreach (var letter in text)
        {
            if (char.IsControl(letter))
            {
                cell.Append(' ');
                continue;
            }

            cell.Append(Special.Contains(letter, StringComparison.Ordinal) ? "\\" : "").Append(letter);
        }

        return cell.ToString();
    }

    /// <summary>A code span; backticks inside are fenced by a longer run of them.</summary>
    public static string Code(string text)
    {
        var clean = new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)]).Replace(
            "|",
            "\\|",
            StringComparison.Ordinal
        );
        var fence = Fence(clean, 1);
        return fence.Length == 1 ? $"`{clean}`" : $"{fence} {clean} {fence}";
    }

    public static string Block(string text, string language)
    {
        var fence = Fence(text, 3);
        return $"{fence}{language}\n{text}\n{fence}\n";
    }

    private static string Fence(string text, int least)
    {
        var (longest, run) = (0, 0);
        foreach (var letter in text)
        {
            run = letter == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return new string('`', Math.Max(least, longest + 1));
    }
}
