using System.Globalization;
using System.Text.RegularExpressions;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>Reads one item of <c>smoke:</c>, <c>downstream:</c> or <c>application:</c>; which key it has says what it is.</summary>
internal static partial class CheckReader
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromHours(1);

    /// <summary>Any kind of check; null where the item says of none what it is.</summary>
    public static Check? Read(ChangeNode node)
    {
        if (!node.IsMapping)
        {
            node.Only();
            return null;
        }

        string[] kinds = ["sql", "http", "command", "kubernetes"];
        var given = kinds.Where(k => node[k].Exists).ToList();
        if (given.Count != 1)
        {
            node.Mistake(Message.Of("checks.one-kind", ("key", node.Key)));
            return null;
        }

        return given[0] switch
        {
            "sql" => ReadUnmeasured(node),
            "http" => ReadHttp(node),
            "command" => ReadCommand(node),
            _ => ReadKubernetes(node),
        };
    }

    public static SqlCheck ReadSql(ChangeNode node)
    {
        node.Only("name", "sql", "rows", "value", "within", "critical");
        node["sql"].Require();
        var (within, baseline) = ReadWithin(node["within"]);
        return new SqlCheck(
            node["name"].Text(node["sql"].Scalar?.Text ?? ""),
            node["sql"].Sql(),
            ReadRows(node["rows"]),
            node["value"].AnyText(),
            within,
            baseline,
            node["critical"].Flag(false)
        );
    }

    /// <summary>A query of which nobody knows how long it took before: only those of <c>downstream:</c> are measured then.</summary>
    private static SqlCheck ReadUnmeasured(ChangeNode node)
    {
        var check = ReadSql(node);
        if (check.WithinBaseline is not null)
        {
            node["within"].Mistake(Message.Of("checks.within.unmeasured", ("text", node["within"].Text())));
        }

        return check with
        {
            WithinBaseline = null,
        };
    }

    private static HttpCheck ReadHttp(ChangeNode node)
    {
        node.Only("name", "http", "expect", "contains", "within");
        return new HttpCheck(
            node["name"].Text(node["http"].Scalar?.Text ?? ""),
            node["http"].Address() ?? new Uri("", UriKind.Relative),
            node["expect"].Integer(200, 100, 599),
            node["contains"].Exists ? node["contains"].Text() : null,
            node["within"].Duration(TimeSpan.FromSeconds(10), Least, Most)
        );
    }

    /// <summary>The words are not expanded: a program's arguments are seen by everyone on the machine, its variables are not.</summary>
    private static CommandCheck ReadCommand(ChangeNode node)
    {
        node.Only("name", "command", "within");
        var words = node["command"].Items.Select(w => w.Text()).ToList();
        if (node["command"].IsList && words.Count == 0)
        {
            node["command"].Mistake(Message.Of("checks.command.empty"));
        }

        return new CommandCheck(
            node["name"].Text(string.Join(' ', words)),
            words,
            node["within"].Duration(TimeSpan.FromMinutes(5), Least, Most)
        );
    }

    private static KubernetesCheck ReadKubernetes(ChangeNode node)
    {
        node.Only("name", "kubernetes", "namespace", "within");
        var resource = node["kubernetes"].Workload();
        return new KubernetesCheck(
            node["name"].Text(resource),
            resource,
            node["namespace"].ExpandedText("default"),
            node["within"].Duration(TimeSpan.FromSeconds(30), Least, Most)
        );
    }

    /// <summary><c>500ms</c>, or <c>2x baseline</c>.</summary>
    private static (TimeSpan? Within, double? Baseline) ReadWithin(ChangeNode node)
    {
        if (
            node.Scalar is { Kind: ScalarKind.Text } scalar
            && Multiple().Match(scalar.Text) is { Success: true } multiple
        )
        {
            var factor = double.Parse(multiple.Groups["factor"].ValueSpan, CultureInfo.InvariantCulture);
            if (factor is < 1 or > 1000)
            {
                node.Mistake(Message.Of("checks.within.factor", ("text", scalar.Text)));
            }

            return (null, factor);
        }

        if (node.Scalar is { Kind: ScalarKind.Text } text && DurationText.TryParse(text.Text) is null)
        {
            node.Mistake(Message.Of("checks.within.form", ("text", text.Text)));
            return (null, null);
        }

        return (node.Exists ? node.Duration(Least, Least, Most) : null, null);
    }

    /// <summary><c>"&gt; 0"</c>, or a number that must be met exactly.</summary>
    private static RowExpectation? ReadRows(ChangeNode node)
    {
        var text = node.AnyText();
        if (text is null)
        {
            return null;
        }

        var match = Rows().Match(text);
        if (match.Success)
        {
            var comparison = match.Groups["comparison"] is { Length: > 0 } written ? written.Value : "=";
            return new RowExpectation(
                comparison,
                long.Parse(match.Groups["count"].ValueSpan, CultureInfo.InvariantCulture)
            );
        }

        node.Mistake(Message.Of("checks.rows.form", ("text", text)));
        return null;
    }

    [GeneratedRegex("^(?<factor>[0-9]{1,6}(\\.[0-9]{1,6})?)x baseline$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Multiple();

    [GeneratedRegex("^((?<comparison>=|>=|<=|>|<) *)?(?<count>[0-9]{1,15})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rows();
}
