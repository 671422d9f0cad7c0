using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>The figures every criterion is judged by.</summary>
public static class WatchRules
{
    /// <summary>Share of a window that must have been seen before anything is said about it.</summary>
    public const double Coverage = 0.8;

    /// <summary>The last stretch of a window that must be past the bound too: one twelfth.</summary>
    public const int ShortStretches = 12;

    /// <summary>
    /// Share of a window's samples that must be past the bound themselves, so that one sample of a total outage, which carries the
    /// mean of a whole window with it, is not a breach.
    /// </summary>
    public const double PastShare = 1.0 / 3;

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

    /// <summary>The window of a criterion: its own, or a twelfth of the watch and at least three ticks.</summary>
    public static TimeSpan Window(Criterion criterion, WatchOptions options) =>
        criterion.For ?? Longer(options.For / ShortStretches, options.Every * MinimumSamples);

    /// <summary>Why a criterion can never be judged in this watch; null when it can.</summary>
    public static Message? Unsuited(Criterion criterion, WatchOptions options) =>
        criterion.For switch
        {
            { } window when window > options.For => Message.Of(
                "watching.window-too-long",
                ("criterion", criterion.Text),
                ("window", window),
                ("watch", options.For)
            ),
            { } window when window < options.Every * MinimumSamples => Message.Of(
                "watching.window-too-short",
                ("criterion", criterion.Text),
                ("window", window),
                ("every", options.Every),
                ("least", options.Every * MinimumSamples)
            ),
            _ => null,
        };

    /// <summary>The last short stretch of a window: one twelfth, and always at least one sample.</summary>
    internal static TimeSpan Recent(TimeSpan window, TimeSpan every) => Longer(window / ShortStretches, every * 1.5);

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
