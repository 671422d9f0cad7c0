namespace Tidelock.Tests.Watching.Peers;

/// <summary>
/// An AnalysisRun of Argo Rollouts with the comparison as its failureCondition, every ten seconds, and all limits at their defaults:
/// failureLimit 0, consecutiveErrorLimit 4. NaN is past nothing, so it is a success; an empty vector has no first element, so it is an
/// error; of several series the first one counts.
/// </summary>
internal static class ArgoRollouts
{
    private const double Interval = 10;
    private const int ConsecutiveErrorLimit = 4;

    /// <summary>When it aborts the rollout; null for never.</summary>
    public static double? AbortsAt(PolledSource source)
    {
        var errors = 0;
        for (var t = Interval; t <= source.Ends; t += Interval)
        {
            switch (source.At(t))
            {
                case Answer.Value v when source.IsPast(v.Number):
                case Answer.Series s when source.IsPast(s.First):
                    return t;
                case Answer.Value or Answer.Series or Answer.NotANumber:
                    errors = 0;
                    break;
                default:
                    errors++;
                    break;
            }

            if (errors > ConsecutiveErrorLimit)
            {
                return t;
            }
        }

        return null;
    }
}
