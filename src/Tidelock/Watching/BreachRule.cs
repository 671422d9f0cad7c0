namespace Tidelock.Watching;

/// <summary>
/// When values past a bound are a breach: a value is past it, and so are the mean of the window before it, the mean of its last
/// short stretch, and a third of its time; or it comes back so often that the means of three windows in a row are past it; or all
/// values of a minute are grossly past it.
/// </summary>
internal sealed class BreachRule
{
    private readonly Timeline timeline;

    /// <summary>
    /// Where there is evidence of before the watch, a minute of the watch itself must confirm it: until then the run has read
    /// whole tables to verify the change, and a slow service may be its own work.
    /// </summary>
    private readonly long actsFrom;

    public BreachRule(Timeline timeline, Limits limits, TimeSpan window)
    {
        (this.timeline, Limits, Window) = (timeline, limits, window);
        Recent = WatchRules.Recent(window, timeline.Pace.Every);
        GrossFor = WatchRules.GrossWindow(timeline.Pace.Every);
        actsFrom =
            timeline.StartTicks < timeline.ActsFromTicks
                ? timeline.ActsFromTicks + (Window < GrossFor ? Window : GrossFor).Ticks
                : timeline.StartTicks;
    }

    public Limits Limits { get; }

    public TimeSpan Window { get; }

    /// <summary>The last short stretch of the window.</summary>
    public TimeSpan Recent { get; }

    /// <summary>How long a gross breach must last.</summary>
    public TimeSpan GrossFor { get; }

    /// <summary>Whether a breach begins with this value, or goes on with it.</summary>
    public bool Begins(int index) =>
        timeline[index].At >= actsFrom
        && Limits.Past.Contains(timeline[index].Value)
        && (IsSustained(index) || IsGross(index) || IsRecurring(index));

    public bool IsSustained(int index)
    {
        var recent = timeline.Until(index, Recent);
        if (!Limits.Past.ContainsMean(recent.Mean))
        {
            return false;
        }

        var all = timeline.Until(index, Window);
        return all.Covered >= Window * WatchRules.Coverage
            && all.TimeIn(Limits.Past) * WatchRules.PastParts >= all.Covered
            && all.HasEnoughRequests
            && Limits.Past.ContainsMean(all.Mean);
    }

    /// <summary>Short faults again and again, as of a service that keeps falling over: never a third of the time, and never over.</summary>
    public bool IsRecurring(int index)
    {
        for (var i = 0; i < WatchRules.RecurringWindows; i++)
        {
            var to = timeline[index].At - (i * Window.Ticks);
            var all = timeline.Between(to - Window.Ticks, to);
            if (
                all.Covered < Window * WatchRules.Coverage
                || !Limits.Past.ContainsMean(all.Mean)
                || !all.HasEnoughRequests
            )
            {
                return false;
            }
        }

        return Limits.Past.ContainsMean(timeline.Until(index, Recent).Mean);
    }

    public bool IsGross(int index)
    {
        if (Limits.Gross is not { } gross || Window <= GrossFor || !gross.Past.Contains(timeline[index].Value))
        {
            return false;
        }

        var minute = timeline.Until(index, GrossFor);
        return minute.Covered >= GrossFor * WatchRules.Coverage
            && minute.TimeIn(gross.Past) == minute.Covered
            && minute.HasEnoughRequests;
    }

    /// <summary>
    /// Whether a breach is over with this value: a full short stretch was inside the bound, or so much was not seen before it that
    /// nothing is known any more.
    /// </summary>
    public bool Ends(int index)
    {
        if (index > 0 && timeline[index].At - timeline[index - 1].At > (Window * (1 - WatchRules.Coverage)).Ticks)
        {
            return true;
        }

        var recent = timeline.Until(index, Recent);
        return !recent.Touches(Limits.Past) && recent.Covered >= Recent * WatchRules.Coverage;
    }
}
