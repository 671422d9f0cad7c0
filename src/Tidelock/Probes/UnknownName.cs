namespace Tidelock.Probes;

/// <summary>What is told of a query that yields values and yet names something that its source does not have: it may be misspelt.</summary>
internal static class UnknownName
{
    public const string Metric = "probes.no-metric";

    public const string Label = "probes.no-label";
}
