namespace Tidelock.Tests.Watching.Peers;

/// <summary>
/// An alert of Prometheus with the comparison as its expression and the window as its <c>for</c>, told by Alertmanager: evaluated every
/// minute, first notice after a group_wait of 30 s. One evaluation that is not past the bound, NaN and nothing begin it anew; while
/// Prometheus is down nothing is evaluated, and a <c>for</c> below ten minutes is not restored afterwards.
/// </summary>
internal static class PrometheusAlert
{
    private const double EvaluationInterval = 60;
    private const double GroupWait = 30;
    private const double RestoredFrom = 600;

    /// <summary>When somebody is told; null for never. Nothing rolls back.</summary>
    public static double? TellsAt(PolledSource source)
    {
        double? activeSince = null;
        for (var t = EvaluationInterval; t <= source.Until; t += EvaluationInterval)
        {
            activeSince = source.At(t) switch
            {
                Answer.Value v when source.IsPast(v.Number) => activeSince ?? t,
                Answer.Series s when source.IsPast(s.First) || source.IsPast(s.Last) => activeSince ?? t,
                Answer.NoAnswer when source.For >= RestoredFrom => activeSince,
                _ => null,
            };
            if (t - activeSince >= source.For)
            {
                return t + GroupWait;
            }
        }

        return null;
    }
}
