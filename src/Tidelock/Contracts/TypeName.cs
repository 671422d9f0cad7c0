using System.Text.RegularExpressions;

namespace Tidelock.Contracts;

/// <summary>
/// Names of types as <c>format_type</c> prints them, for the aliases people write. A name that is not an alias is kept in lower
/// case, so that types of extensions and of the author's own can be named; a quoted one is kept as it is.
/// </summary>
internal static partial class TypeName
{
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["bool"] = "boolean",
        ["int"] = "integer",
        ["int2"] = "smallint",
        ["int4"] = "integer",
        ["int8"] = "bigint",
        ["float"] = "double precision",
        ["float4"] = "real",
        ["float8"] = "double precision",
        ["decimal"] = "numeric",
        ["dec"] = "numeric",
        ["varchar"] = "character varying",
        ["char varying"] = "character varying",
        ["char"] = "character(1)",
        ["character"] = "character(1)",
        ["bit"] = "bit(1)",
        ["varbit"] = "bit varying",
        ["timestamp"] = "timestamp without time zone",
        ["timestamptz"] = "timestamp with time zone",
        ["time"] = "time without time zone",
        ["timetz"] = "time with time zone",
    };

    public static string Normalize(string written)
    {
        if (written.Contains('"', StringComparison.Ordinal))
        {
            return written.Trim();
        }

        var text = Spaces().Replace(written.Trim().ToLowerInvariant(), " ");
        var match = Form().Match(text);
        return match.Success ? WithModifier(match) + (match.Groups["dimension"].Success ? "[]" : "") : text;
    }

    private static string WithModifier(Match match)
    {
        var name = match.Groups["name"].Value;
        var modifier = match.Groups["modifier"].Value.Replace(" ", "", StringComparison.Ordinal);
        var zone = match.Groups["zone"].Value;
        var plain = Aliases.GetValueOrDefault(name, name);
        if (zone.Length > 0)
        {
            return modifier.Length > 0 ? $"{name}({modifier}) {zone}" : $"{name} {zone}";
        }

        if (modifier.Length == 0)
        {
            return plain;
        }

        return plain switch
        {
            "numeric" when !modifier.Contains(',', StringComparison.Ordinal) => $"numeric({modifier},0)",
            "character(1)" => $"character({modifier})",
            "bit(1)" => $"bit({modifier})",
            _ when plain.IndexOf(" with", StringComparison.Ordinal) is > 0 and var at =>
                $"{plain[..at]}({modifier}){plain[at..]}",
            _ => $"{plain}({modifier})",
        };
    }

    [GeneratedRegex(@"\s+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Spaces();

    [GeneratedRegex(
        @"^(?<name>[\p{L}_][\p{L}\p{N}_$. ]*?) ?(\((?<modifier>[^()]*)\))? ?(?<zone>with(out)? time zone)?(?<dimension> ?\[[0-9]*\])*$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Form();
}
