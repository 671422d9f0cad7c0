namespace Tidelock.Contracts;

/// <summary>Section <c>compare:</c>: what may differ between the old content and the new. Absent means nothing is compared.</summary>
/// <param name="Key">The columns that say which old row is which new one; empty when the change declares no comparison.</param>
/// <param name="Expect">By column; <c>*</c> stands for all others.</param>
/// <param name="Rows">Whether rows may come and go.</param>
/// <param name="Within">The longest one comparison may take.</param>
/// <param name="Sample">Which part of the values is compared, above 0 and below 1; null for all of them.</param>
public sealed record CompareOptions(
    IReadOnlyList<string> Key,
    IReadOnlyDictionary<string, ContentExpectation> Expect,
    ContentExpectation Rows,
    TimeSpan Within,
    double? Sample
)
{
    /// <summary>How many bytes of temporary files one side may need.</summary>
    public long Temporary { get; init; } = 10L << 30;

    /// <summary>What may be evaluated although that does more than read this database.</summary>
    public IReadOnlySet<OutsideEvaluation> Evaluate { get; init; } = new HashSet<OutsideEvaluation>();

    /// <summary>Whether the change declares a comparison.</summary>
    public bool IsDeclared => Key.Count > 0;

    internal ContentExpectation Of(string column) =>
        Expect.TryGetValue(column, out var own) ? own : Expect.GetValueOrDefault("*", ContentExpectation.Same);
}

/// <summary>What is expected of a column's content.</summary>
public enum ContentExpectation
{
    /// <summary>Equal in every row that is on both sides.</summary>
    Same,

    /// <summary>May differ.</summary>
    Changed,
}

/// <summary>What evaluating a view can do besides reading its database, and is therefore only done where the author says so.</summary>
public enum OutsideEvaluation
{
    /// <summary>Foreign tables: other servers are read, and carry the load.</summary>
    ForeignTables,

    /// <summary>Volatile functions: they may have effects.</summary>
    VolatileFunctions,
}
