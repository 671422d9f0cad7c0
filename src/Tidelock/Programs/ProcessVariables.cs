using System.Collections;

namespace Tidelock.Programs;

/// <summary>The environment variables this process was started with.</summary>
public static class ProcessVariables
{
    /// <summary>Without these hardly a program finds its files or writes its words.</summary>
    private static readonly string[] Harmless = ["PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];

    public static IReadOnlyDictionary<string, string> Read() =>
        Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "", StringComparer.Ordinal);

    /// <summary>Whether hardly a program can do without it, so that each gets it.</summary>
    internal static bool IsHarmless(string name) => Harmless.Contains(name, StringComparer.Ordinal);

    /// <summary>For a program that is not trusted with the others: removes each but those without which no program runs, and those that are named.</summary>
    internal static IReadOnlyDictionary<string, string?> AllBut(IReadOnlyList<string> named) =>
        Read()
            .Keys.Except([.. Harmless, .. named], StringComparer.Ordinal)
            .ToDictionary(name => name, _ => (string?)null, StringComparer.Ordinal);
}
