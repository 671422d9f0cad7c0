using System.Text.RegularExpressions;

namespace Tidelock.Probes.Kubernetes;

/// <summary>Which lines are counted.</summary>
/// <param name="Contains">A text they hold, whatever the case of its letters; null where there is a pattern.</param>
/// <param name="Pattern">A regular expression they match; null where there is a text.</param>
/// <param name="Container">The container they come from; null for any.</param>
public sealed record LineFilter(string? Contains, string? Pattern, string? Container)
{
    private readonly Regex? regex = Pattern is null ? null : Compiled(Pattern);

    internal bool Counts(string container, string line) =>
        (Container is null || string.Equals(Container, container, StringComparison.Ordinal))
        && (regex?.IsMatch(line) ?? line.Contains(Contains!, StringComparison.OrdinalIgnoreCase));

    /// <summary>An expression whose time grows with the line and not faster: no application's log can stall the watch.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    /// <exception cref="NotSupportedException">It looks around or back.</exception>
    internal static Regex Compiled(string pattern) =>
        new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
}
