namespace Tidelock.Tests.Watching.Peers;

/// <summary>
/// An analysis of Flagger with the comparison as its thresholdRange, every minute, and five failed checks as its threshold. The checks
/// are counted together and no success takes one away; no value and no answer are failed checks; NaN is outside no range; of several
/// series the last one counts. The rollback follows in the run after the one that reached the threshold.
/// </summary>
internal static class Flagger
{
    private const double Interval = 60;
    private const int Threshold = 5;

    /// <summary>When it rolls back; null for never.</summary>
    public static double? RollsBackAt(PolledSource source)
    {
        var failed = 0;
        for (var t = Interval; t <= source.Ends; t += Interval)
        {
            if (failed >= Threshold)
            {
                return t;
            }

            failed += source.At(t) switch
            {
                Answer.Value v => source.IsPast(v.Number) ? 1 : 0,
                Answer.Series s => source.IsPast(s.Last) ? 1 : 0,
                Answer.NotANumber => 0,
                _ => 1,
            };
        }

        return null;
    }
}
