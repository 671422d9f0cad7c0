using System.Globalization;
using System.Text.RegularExpressions;
using Tidelock.Migrations.Tools;

namespace Tidelock.Migrations.Commands;

/// <summary>What <c>{host}</c> and the like stand for in a program's words and variables.</summary>
internal static partial class CommandWords
{
    public const string Host = "host";
    public const string Database = "dbname";
    public const string From = "from";
    public const string Password = "password";

    /// <summary>For arguments, which everybody on the machine can read.</summary>
    public static IReadOnlyList<string> Open { get; } =
    [Host, "port", Database, "user", From, "to", "application", "lockTimeout", "options"];

    /// <summary>For variables of the environment.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Open, Password];

    /// <summary>The placeholders of a text.</summary>
    public static IEnumerable<string> In(string text) =>
        Placeholder().Matches(text).Select(m => m.Groups["name"].Value);

    /// <summary>The text with its placeholders put in.</summary>
    public static string Fill(string text, IReadOnlyDictionary<string, string?> values) =>
        Placeholder().Replace(text, m => values.GetValueOrDefault(m.Groups["name"].Value) ?? "");

    /// <param name="ground">Where.</param>
    /// <param name="path">The way; null where the program is only asked.</param>
    public static Dictionary<string, string?> Values(ToolGround ground, ToolPath? path)
    {
        var environment = ground.Environment;
        return new(StringComparer.Ordinal)
        {
            [Host] = environment["PGHOST"],
            ["port"] = environment["PGPORT"],
            [Database] = ground.Target.Database,
            ["user"] = ground.Target.User,
            [From] = path?.From,
            ["to"] = path?.To,
            ["application"] = ground.ApplicationName,
            ["lockTimeout"] = ground.LockTimeoutMilliseconds.ToString(CultureInfo.InvariantCulture),
            ["options"] = environment["PGOPTIONS"],
            [Password] = environment["PGPASSWORD"],
        };
    }

    [GeneratedRegex(@"\{(?<name>[a-zA-Z]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Placeholder();
}
