namespace Tidelock.Rollbacks.Recovery;

/// <summary>Words as one line that a shell takes apart again.</summary>
internal static class ShellWords
{
    private const string Harmless = "@%+=:,./-_$";

    public static string Line(params IReadOnlyList<string> words) => string.Join(' ', words.Select(Quote));

    private static string Quote(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || Harmless.Contains(c))
            ? word
            : "'" + word.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
