using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>A breach people are asked about.</summary>
/// <param name="Criterion">Its text.</param>
/// <param name="IsGross">Whether it was gross: far past the bound.</param>
public sealed record AskedBreach(string Criterion, bool IsGross)
{
    internal static AskedBreach Of(Verdict verdict) =>
        new(verdict.Criterion, verdict.Reason.Code is "watching.breached.gross");

    /// <summary>Whether who knows of this one knows of the other too; a gross breach is worse than one that is not.</summary>
    internal bool Covers(AskedBreach other) =>
        string.Equals(Criterion, other.Criterion, StringComparison.Ordinal) && (IsGross || !other.IsGross);

    /// <summary>Whether a tick saw that it is over. What cannot be judged is not over.</summary>
    internal bool IsOverIn(IReadOnlyList<Verdict> verdicts) =>
        verdicts.Any(v =>
            v.State is VerdictState.Healthy && string.Equals(v.Criterion, Criterion, StringComparison.Ordinal)
        );
}
