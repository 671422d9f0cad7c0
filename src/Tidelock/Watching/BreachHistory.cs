namespace Tidelock.Watching;

/// <summary>
/// Whether a breach lasts after so many values. A fold over the values in the order of their times, kept so that a tick looks at
/// what is new only; whatever comes in between earlier values, it is done anew.
/// </summary>
internal sealed class BreachHistory(Timeline timeline, BreachRule rule)
{
    private int judged;
    private int revision;
    private bool breached;

    public BreachRule Rule => rule;

    public bool LastsAfter(int count)
    {
        if (count < judged || revision != timeline.Revision)
        {
            (judged, breached, revision) = (0, false, timeline.Revision);
        }

        for (; judged < count; judged++)
        {
            breached = rule.Begins(judged) || (breached && !rule.Ends(judged));
        }

        return breached;
    }
}
