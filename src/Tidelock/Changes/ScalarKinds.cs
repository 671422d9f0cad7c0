using System.Text.RegularExpressions;

namespace Tidelock.Changes;

/// <summary>The core schema of YAML 1.2, which is what editors and the JSON Schema go by: <c>off</c> and <c>02:00</c> are text.</summary>
internal static partial class ScalarKinds
{
    public static ScalarKind OfPlain(string text) =>
        text switch
        {
            "" or "~" or "null" or "Null" or "NULL" => ScalarKind.Nothing,
            "true" or "True" or "TRUE" or "false" or "False" or "FALSE" => ScalarKind.Truth,
            _ when Integer().IsMatch(text) => ScalarKind.Integer,
            _ when Number().IsMatch(text) => ScalarKind.Number,
            _ => ScalarKind.Text,
        };

    /// <summary>The kind as YAML's readers call it.</summary>
    public static string Word(ChangeValue value) =>
        value switch
        {
            ChangeMapping => "a mapping",
            ChangeList => "a list",
            ChangeScalar { Kind: ScalarKind.Text } => "text",
            ChangeScalar { Kind: ScalarKind.Truth } => "true/false",
            ChangeScalar { Kind: ScalarKind.Nothing } => "null",
            _ => "a number",
        };

    [GeneratedRegex(@"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Integer();

    [GeneratedRegex(
        @"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Number();
}
