namespace Tidelock.Probes.Prometheus;

/// <summary>
/// Finds the series a query reads: <c>http_requests_total{code=~"5.."}</c>. No parser of PromQL: it only tells names of metrics from those of
/// functions, operators and labels. The server says what is wrong with a query.
/// </summary>
internal static class PromQlSelectors
{
    private static readonly HashSet<string> Aggregations = new(StringComparer.OrdinalIgnoreCase)
    {
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "count_values",
        "quantile",
        "group",
        "limitk",
        "limit_ratio",
    };

    private static readonly HashSet<string> Labels = new(StringComparer.OrdinalIgnoreCase)
    {
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
    };

    private static readonly HashSet<string> Others = new(StringComparer.OrdinalIgnoreCase)
    {
        "and",
        "or",
        "unless",
        "atan2",
        "bool",
        "offset",
        "inf",
        "nan",
    };

    /// <summary>Each once, in the order in which they stand there.</summary>
    public static IReadOnlyList<string> Of(string query)
    {
        var found = new List<string>();
        for (var at = 0; at < query.Length; )
        {
            var end = EndOf(query, at);
            if (query[at] == '{')
            {
                found.Add(query[at..end]);
            }
            else if (IsLetter(query[at]))
            {
                end = Word(query, at, end, found);
            }

            at = end;
        }

        return [.. found.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Where what a word belongs to ends: a selector with its braces, a list of labels.</summary>
    private static int Word(string query, int begins, int ends, List<string> found)
    {
        var word = query[begins..ends];
        var next = Next(query, ends);
        var follows = next < query.Length ? query[next] : ' ';
        if (Labels.Contains(word))
        {
            return follows == '(' ? EndOf(query, next, ')') : ends;
        }

        if (follows == '(' || Others.Contains(word) || (Aggregations.Contains(word) && follows != '{'))
        {
            return ends;
        }

        var end = follows == '{' ? EndOf(query, next) : ends;
        found.Add(query[begins..end]);
        return end;
    }

    /// <summary>The first place from there on that is neither space nor comment.</summary>
    private static int Next(string query, int at)
    {
        while (at < query.Length && (char.IsWhiteSpace(query[at]) || query[at] == '#'))
        {
            at = EndOf(query, at);
        }

        return at;
    }

    /// <summary>Where the word, number, text, comment, brackets or other sign ends that begins there.</summary>
    private static int EndOf(string query, int at) =>
        query[at] switch
        {
            '#' => query.IndexOf('\n', at) is var line and >= 0 ? line + 1 : query.Length,
            '"' or '\'' or '`' => EndOfText(query, at),
            '{' => EndOf(query, at, '}'),
            '[' => EndOf(query, at, ']'),
            var c when IsLetter(c) || char.IsAsciiDigit(c) => EndOfWord(query, at),
            _ => at + 1,
        };

    private static int EndOf(string query, int at, char closing)
    {
        for (at++; at < query.Length && query[at] != closing; )
        {
            at = query[at] is '"' or '\'' or '`' or '#' ? EndOf(query, at) : at + 1;
        }

        return Math.Min(at + 1, query.Length);
    }

    private static int EndOfText(string query, int at)
    {
        var quote = query[at];
        for (at++; at < query.Length && query[at] != quote; at++)
        {
            at += quote != '`' && query[at] == '\\' ? 1 : 0;
        }

        return Math.Min(at + 1, query.Length);
    }

    private static int EndOfWord(string query, int at)
    {
        while (at < query.Length && (IsLetter(query[at]) || char.IsAsciiDigit(query[at]) || query[at] == '.'))
        {
            at++;
        }

        return at;
    }

    private static bool IsLetter(char c) => char.IsAsciiLetter(c) || c is '_' or ':';
}
