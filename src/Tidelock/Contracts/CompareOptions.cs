namespace Tidelock.Contracts;

/// <summary>Section <c>compare:</c>: what may differ between the old content and the new. Absent means nothing is compared.</summary>
/// <param name="Key">The columns that say which old row is which new one; empty when the change declares no comparison.</param>
/// <param name="Expect">By column; <c>*</c> stands for all others.</param>
public sealed record CompareOptions(IReadOnlyList<string> Key, IReadOnlyDictionary<string, ContentExpectation> Expect);

/// <summary>What is expected of a column's content.</summary>
public enum ContentExpectation
{
    /// <summary>Equal in every row that is on both sides.</summary>
    Same,

    /// <summary>May differ.</summary>
    Changed,
}
