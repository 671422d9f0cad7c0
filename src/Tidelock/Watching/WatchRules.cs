namespace Tidelock.Watching;

/// <summary>The figures every criterion is judged by.</summary>
public static class WatchRules
{
    /// <summary>Share of a window that must have been seen before anything is said about it.</summary>
    public const double Coverage = 0.8;

    /// <summary>The last stretch of a window that must be past the bound too: one twelfth.</summary>
    public const int ShortStretches = 12;

    /// <summary>
    /// One in so many parts of a window's time must be past the bound itself, so that one sample of a total outage, which carries the
    /// mean of a whole window with it, is not a breach.
    /// </summary>
    public const int PastParts = 3;

    /// <summary>So many windows in a row whose means are past the bound are a breach, however short the faults in them are.</summary>
    public const int RecurringWindows = 3;

    /// <summary>How many times a rate's bound is gross.</summary>
    public const double GrossFactor = 20;

    /// <summary>The share of failures that is gross whatever the bound.</summary>
    public const double GrossShare = 0.9;

    /// <summary>Fewer requests than these in a window say nothing, where the probe knows how many there were.</summary>
    public const double MinimumRequests = 10;

    /// <summary>Fewer samples than these are no window and no baseline.</summary>
    public const int MinimumSamples = 3;

    /// <summary>How long a gross breach must last.</summary>
    public static readonly TimeSpan GrossFor = TimeSpan.FromSeconds(60);

    /// <summary>After this a built-in signal that was not asked again is unknown.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(5);

    /// <summary>A baseline that is older before the change is made is of another time of the day, and is measured anew.</summary>
    public static readonly TimeSpan BaselineLasts = TimeSpan.FromHours(1);

    /// <summary>The longest that a watch is, and the most by which one word makes it longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>
    /// The window of a criterion: its own; or a twelfth of the watch, at least three values of each of its signals, and no shorter than
    /// their data are late.
    /// </summary>
    public static TimeSpan Window(Criterion criterion, WatchOptions options) =>
        criterion.For
        ?? criterion
            .Signals.Select(options.PaceOf)
            .Select(p => Longer(p.Every * MinimumSamples, p.Delay))
            .Aggregate(options.For / ShortStretches, Longer);

    /// <summary>The last short stretch of a window: one twelfth, and always at least one sample.</summary>
    internal static TimeSpan Recent(TimeSpan window, TimeSpan every) => Longer(window / ShortStretches, every * 1.5);

    /// <summary>How long a gross breach must last: long enough for three values.</summary>
    internal static TimeSpan GrossWindow(TimeSpan every) => Longer(GrossFor, every * MinimumSamples);

    /// <summary>The time before a value by which one tells whether enough values come in: a quarter of the grace, and three values.</summary>
    internal static TimeSpan FullStretch(TimeSpan grace, TimeSpan every) => Longer(grace / 4, every * MinimumSamples);

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
