using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>Which lines of which files differ between two texts of a change.</summary>
internal static class TextDifference
{
    private const int LongestShown = 80;

    /// <summary>One message per line, in the order of the files; empty where all is the same.</summary>
    public static IReadOnlyList<Message> Of(IReadOnlyList<ChangeFile> before, IReadOnlyList<ChangeFile> now)
    {
        var then = before.ToDictionary(f => f.Path, f => f.Text, StringComparer.Ordinal);
        return
        [
            .. now.SelectMany(f =>
                then.GetValueOrDefault(f.Path) is { } old
                    ? Lines(f.Path, old, f.Text)
                    : [Message.Of("gates.approval.file-new", ("file", f.Path))]
            ),
            .. before
                .Where(f => !now.Any(n => n.Path == f.Path))
                .Select(f => Message.Of("gates.approval.file-gone", ("file", f.Path))),
        ];
    }

    /// <summary>What lies between the lines that are the same at the beginning and at the end, line by line.</summary>
    private static IEnumerable<Message> Lines(string file, string before, string now)
    {
        var (old, own) = (before.ReplaceLineEndings("\n").Split('\n'), now.ReplaceLineEndings("\n").Split('\n'));
        var shorter = Math.Min(old.Length, own.Length);
        var first = 0;
        while (first < shorter && old[first] == own[first])
        {
            first++;
        }

        var same = 0;
        while (same < shorter - first && old[^(same + 1)] == own[^(same + 1)])
        {
            same++;
        }

        for (var line = first; line < Math.Max(old.Length, own.Length) - same; line++)
        {
            var was = line < old.Length - same ? old[line] : null;
            var isNow = line < own.Length - same ? own[line] : null;
            if (was != isNow)
            {
                yield return Message.Of(
                    was is null ? "gates.approval.line-new"
                        : isNow is null ? "gates.approval.line-gone"
                        : "gates.approval.line",
                    ("file", file),
                    ("line", line + 1),
                    ("was", Short(was)),
                    ("now", Short(isNow))
                );
            }
        }
    }

    private static string? Short(string? line) =>
        line?.Trim() is { Length: > LongestShown } text ? text[..LongestShown] + "…" : line?.Trim();
}
