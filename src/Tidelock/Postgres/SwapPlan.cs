using System.Text;

namespace Tidelock.Postgres;

/// <summary>
/// Two databases change places: the one called <paramref name="Name"/> gets out of the way and another takes its name. Oids stay, so after a
/// crash the catalog tells what became of it.
/// </summary>
/// <param name="Name">The name that applications use.</param>
/// <param name="Leaving">Oid of the database that has it before.</param>
/// <param name="Kept">What that one is called afterwards.</param>
/// <param name="Coming">Oid of the database that has it afterwards.</param>
/// <param name="Beside">What that one is called before.</param>
internal sealed record SwapPlan(string Name, uint Leaving, string Kept, uint Coming, string Beside)
{
    /// <summary>Schemas of the leaving database in which rows were saved for somebody; null where there are none.</summary>
    public string? Saved { get; init; }

    /// <summary>Whether the coming one lets nobody in before it gets the name: then it lets nobody in either where it does not get it.</summary>
    public bool ComingIsClosed { get; init; }

    /// <summary>PostgreSQL's limit for a name; one longer is cut off without an error.</summary>
    private const int Longest = 63;

    /// <summary>Where a run restores: nobody else has its id in a name.</summary>
    public static string BesideOf(string run) => "tidelock_" + run;

    /// <summary>What a database is called once a run has put another in its place.</summary>
    public static string BeforeOf(string name, string run) => Cut(name, "_before_" + run);

    /// <summary>What a restored database is called once its restore was taken back.</summary>
    public static string UndoneOf(string name, string run) => Cut(name, "_undone_" + run);

    /// <summary>Cut between characters, so that all of the ending stays.</summary>
    private static string Cut(string name, string ending)
    {
        var kept = new StringBuilder();
        var left = Longest - Encoding.UTF8.GetByteCount(ending);
        foreach (var rune in name.EnumerateRunes())
        {
            left -= rune.Utf8SequenceLength;
            if (left < 0)
            {
                break;
            }

            kept.Append(rune.ToString());
        }

        return kept.Append(ending).ToString();
    }
}

/// <summary>What became of a swap.</summary>
internal enum SwapFate
{
    /// <summary>The name leads where it did.</summary>
    NotSwapped,

    /// <summary>The name leads to the other database.</summary>
    Swapped,

    /// <summary>Neither: somebody else renamed or dropped one of them.</summary>
    Unknown,
}
