namespace Tidelock.Cli;

/// <summary>Which language the person at the terminal reads; needed before the command line is parsed, because help is text too.</summary>
internal static class Language
{
    public const string Option = "--lang";

    /// <summary><c>--lang</c>, else <c>TIDELOCK_LANG</c>, else the locale as POSIX orders its variables.</summary>
    public static string? Of(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> variables) =>
        FromArguments(arguments)
        ?? new[] { "TIDELOCK_LANG", "LC_ALL", "LC_MESSAGES", "LANG" }
            .Select(name => variables.GetValueOrDefault(name))
            .FirstOrDefault(value => !string.IsNullOrEmpty(value));

    private static string? FromArguments(IReadOnlyList<string> arguments)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i] == Option && i + 1 < arguments.Count)
            {
                return arguments[i + 1];
            }

            if (arguments[i].StartsWith(Option + "=", StringComparison.Ordinal))
            {
                return arguments[i][(Option.Length + 1)..];
            }
        }

        return null;
    }
}
