namespace Tidelock.Relations;

/// <summary>What was found under a relation's name.</summary>
public abstract record CaptureResult
{
    private CaptureResult() { }

    /// <summary>The closure; null unless it was captured.</summary>
    public RelationClosure? ClosureOrNull => (this as Captured)?.Closure;

    /// <summary>A view or materialized view.</summary>
    public sealed record Captured(RelationClosure Closure) : CaptureResult;

    /// <summary>There is no relation of that name.</summary>
    public sealed record Missing : CaptureResult;

    /// <summary>There is one, but it is neither a view nor a materialized view.</summary>
    /// <param name="Kind">As PostgreSQL calls it: <c>table</c>, <c>index</c>, …</param>
    public sealed record NotAView(string Kind) : CaptureResult;
}
