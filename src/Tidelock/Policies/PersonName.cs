using System.Text.RegularExpressions;

namespace Tidelock.Policies;

/// <summary>People are written as a name, an address, or both: <c>kim</c>, <c>Kim Min &lt;kim@example.com&gt;</c>.</summary>
public static partial class PersonName
{
    /// <summary>Whether two texts may mean the same person. In doubt they do: this decides that somebody does not count twice.</summary>
    public static bool IsSame(string one, string other) =>
        Names(WrittenName.Plain(one))
            .Intersect(Names(WrittenName.Plain(other)), StringComparer.OrdinalIgnoreCase)
            .Any();

    /// <summary>Whether two texts mean the same person for certain: this decides what somebody may do.</summary>
    public static bool IsExactly(string one, string other) =>
        string.Equals(WrittenName.Composed(one), WrittenName.Composed(other), StringComparison.OrdinalIgnoreCase);

    /// <summary>The whole, the name, the address, and the address's part before the <c>@</c>, which GitHub begins with a number.</summary>
    private static IEnumerable<string> Names(string whole)
    {
        yield return whole;
        var open = whole.IndexOf('<', StringComparison.Ordinal);
        var address = open >= 0 && whole.EndsWith('>') ? whole[(open + 1)..^1].Trim() : whole;
        if (open > 0)
        {
            yield return whole[..open].Trim();
        }

        yield return address;
        if (address.IndexOf('@', StringComparison.Ordinal) is var at and > 0)
        {
            yield return address[..at];
            yield return GitHubNumber().Replace(address[..at], "");
        }
    }

    [GeneratedRegex(@"^[0-9]+\+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex GitHubNumber();
}
