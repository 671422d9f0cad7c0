using System.Text.RegularExpressions;
using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>
/// Puts variables in for <c>${NAME}</c>; <c>$${</c> stands for <c>${</c>. Only addresses, names of channels and the like are expanded,
/// never a bound, a duration or SQL: what was approved must not depend on who runs it.
/// </summary>
/// <param name="values">The process environment.</param>
/// <param name="needed">Whether a missing variable is a mistake; otherwise the text stays as written.</param>
internal sealed partial class Variables(IReadOnlyDictionary<string, string> values, bool needed)
{
    /// <summary>The text with its variables, and whether it is whole.</summary>
    public (string Text, bool Whole) Expand(string text, Action<Message> mistake)
    {
        var whole = true;
        var expanded = Reference()
            .Replace(
                text,
                match =>
                {
                    if (match.Value == "$${")
                    {
                        return "${";
                    }

                    if (!match.Groups["name"].Success)
                    {
                        mistake(Message.Of("changes.variable.form", ("text", match.Value)));
                        return match.Value;
                    }

                    if (values.GetValueOrDefault(match.Groups["name"].Value) is { Length: > 0 } value)
                    {
                        return value;
                    }

                    whole = false;
                    if (needed)
                    {
                        mistake(Message.Of("changes.variable.missing", ("name", match.Groups["name"].Value)));
                    }

                    return match.Value;
                }
            );
        return (whole ? expanded : text, whole);
    }

    [GeneratedRegex(@"\$\$\{|\$\{(?<name>[A-Za-z_][A-Za-z0-9_]*)\}|\$\{[^}]*\}?", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reference();
}
