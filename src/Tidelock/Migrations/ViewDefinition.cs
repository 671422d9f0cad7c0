using System.Text.RegularExpressions;

namespace Tidelock.Migrations;

/// <summary>The text of a view's definition file: one query and nothing else.</summary>
internal static partial class ViewDefinition
{
    /// <summary>Whether it begins like a query once comments are passed over; <c>create view</c> does not belong there.</summary>
    public static bool IsQuery(string text) => Query().IsMatch(text);

    /// <summary>The query as it can stand behind <c>AS</c>.</summary>
    public static string WithoutSemicolon(string text) => text.TrimEnd().TrimEnd(';').TrimEnd();

    [GeneratedRegex(
        @"^(\s|--[^\n]*(\n|$)|/\*([^*]|\*+[^*/])*\*+/)*((select|with|values|table)\b|\()",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Query();
}
