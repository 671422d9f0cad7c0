namespace Tidelock.Changes;

/// <summary>Which known word somebody meant who wrote another one.</summary>
internal static class NameGuess
{
    /// <summary>The nearest of <paramref name="known"/>; null when none is near enough to be meant.</summary>
    public static string? Nearest(string written, IEnumerable<string> known) =>
        known
            .Select(k => (Word: k, Distance: Distance(Plain(written), Plain(k))))
            .Where(k => k.Distance <= Math.Max(1, Math.Min(written.Length, k.Word.Length) / 3))
            .OrderBy(k => k.Distance)
            .ThenBy(k => k.Word, StringComparer.Ordinal)
            .Select(k => k.Word)
            .FirstOrDefault();

    private static string Plain(string word) =>
        word.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);

    /// <summary>Insertions, deletions, replacements and swaps of neighbours between two words.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                d[i, j] =
                    i == 0 || j == 0
                        ? i + j
                        : Math.Min(
                            Math.Min(d[i - 1, j], d[i, j - 1]) + 1,
                            d[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
                        );
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
