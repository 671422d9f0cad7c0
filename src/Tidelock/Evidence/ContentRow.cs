namespace Tidelock.Evidence;

/// <summary>A line of a comparison's table in the reader's words.</summary>
/// <param name="Name">A column, or rows that are on one side only.</param>
/// <param name="Standing">What was found.</param>
/// <param name="Count">In how many rows; empty where that was not counted.</param>
/// <param name="Example">One of them; null for none.</param>
/// <param name="Expected">What the change allows.</param>
public sealed record ContentRow(string Name, MarkedWord Standing, string Count, string? Example, string Expected);
