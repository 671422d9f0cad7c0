namespace Tidelock.Rollbacks;

/// <summary>Section <c>rollback:</c>.</summary>
/// <param name="Method">The way back that is taken when nobody chooses another: <c>definition</c>, <c>downgrade</c>, <c>backup</c>, <c>in-place</c>.</param>
/// <param name="Automatic">Whether a breach goes back at once; otherwise people are asked first.</param>
/// <param name="AskFor">How long people are asked before the rollback starts by itself.</param>
public sealed record RollbackOptions(string Method, bool Automatic, TimeSpan AskFor)
{
    /// <summary>Whether a way back is a restore of the run's backup, which no copy without data can rehearse.</summary>
    internal static bool Restores(string method) => method is "backup" or "in-place";

    /// <summary>How long a database may be closed for a swap before it is opened again unchanged.</summary>
    public TimeSpan SwapWithin { get; init; } = TimeSpan.FromSeconds(10);
}
