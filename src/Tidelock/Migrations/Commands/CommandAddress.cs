namespace Tidelock.Migrations.Commands;

/// <summary>
/// Whether a program is known to connect where Tidelock says before it runs. Only status can be tried out beforehand, so the others
/// must be the same program, fed the same way, or be handed the address themselves.
/// </summary>
internal static class CommandAddress
{
    /// <summary>Which program they are, their first argument says.</summary>
    private static readonly HashSet<string> Interpreters = new(StringComparer.Ordinal)
    {
        "bash",
        "dash",
        "dotnet",
        "java",
        "ksh",
        "node",
        "perl",
        "php",
        "python",
        "ruby",
        "sh",
        "zsh",
    };

    /// <summary>Which program they start, somewhere, cannot be told from their words.</summary>
    private static readonly HashSet<string> Launchers = new(StringComparer.Ordinal)
    {
        "bundle",
        "docker",
        "env",
        "kubectl",
        "make",
        "nice",
        "npm",
        "npx",
        "podman",
        "pnpm",
        "poetry",
        "setsid",
        "ssh",
        "sudo",
        "timeout",
        "uv",
        "xargs",
        "yarn",
    };

    /// <param name="words">Of <c>up</c> or <c>down</c>.</param>
    /// <param name="status">The words of <c>status</c>.</param>
    /// <param name="variables">The texts of the variables of all three.</param>
    public static bool IsKnown(IReadOnlyList<string> words, IReadOnlyList<string> status, IEnumerable<string> variables)
    {
        var handed = Placeholders(words.Concat(variables));
        return (handed.Contains(CommandWords.Host) && handed.Contains(CommandWords.Database))
            || (
                !Placeholders(status).Overlaps([CommandWords.Host, CommandWords.Database])
                && !Launchers.Contains(NameOf(words[0]))
                && Program(words).SequenceEqual(Program(status), StringComparer.Ordinal)
            );
    }

    private static HashSet<string> Placeholders(IEnumerable<string> texts) =>
        texts.SelectMany(CommandWords.In).ToHashSet(StringComparer.Ordinal);

    private static IEnumerable<string> Program(IReadOnlyList<string> words)
    {
        var options = Interpreters.Contains(NameOf(words[0]))
            ? words.Skip(1).TakeWhile(w => w.StartsWith('-')).Count() + 1
            : 0;
        return words.Take(1 + options);
    }

    /// <summary><c>python</c> for <c>/usr/bin/python3.12</c>.</summary>
    private static string NameOf(string word) => Path.GetFileName(word).TrimEnd([.. "0123456789."]);
}
