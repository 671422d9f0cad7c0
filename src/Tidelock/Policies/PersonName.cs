namespace Tidelock.Policies;

/// <summary>People are written as a name, an address, or both: <c>kim</c>, <c>Kim Min &lt;kim@example.com&gt;</c>.</summary>
public static class PersonName
{
    /// <summary>Whether two texts may mean the same person. In doubt they do: this decides that somebody does not count twice.</summary>
    public static bool IsSame(string one, string other) =>
        Names(one).Intersect(Names(other), StringComparer.OrdinalIgnoreCase).Any();

    /// <summary>Whether two texts mean the same person for certain: this decides what somebody may do.</summary>
    public static bool IsExactly(string one, string other) =>
        string.Equals(one.Trim(), other.Trim(), StringComparison.OrdinalIgnoreCase);

    /// <summary>The whole, the name, the address, and the address's part before the <c>@</c>.</summary>
    private static IEnumerable<string> Names(string text)
    {
        var whole = text.Trim();
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
        }
    }
}
