using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>What several looks told of how late a signal's values come.</summary>
/// <param name="Least">As of the look that found the youngest.</param>
/// <param name="First">The time of the newest value at the first look that found one.</param>
/// <param name="Delivers">Whether a newer one came since: a late source delivers, and one that has stopped does not.</param>
internal sealed record DelayLooks(SignalDelay Least, DateTimeOffset? First, bool Delivers)
{
    public SignalDelay Measured => Delivers ? Least : Least.WithoutNew;

    /// <summary>With one look more.</summary>
    /// <param name="before">Those of before; null for none.</param>
    /// <param name="age">What it told.</param>
    /// <param name="options">How the signal is declared.</param>
    public static DelayLooks With(DelayLooks? before, Sample age, WatchOptions options)
    {
        var now = SignalDelay.Of(age, options.PaceOf(age.Signal).Delay, options.Every);
        var newest = age.At - now.Newest;

        // Half a tick: two answers may round the same time differently.
        var isNew = newest - before?.First > options.Every / 2;
        return new DelayLooks(
            before?.Least is { Newest: { } least } one && !(now.Newest < least) ? one : now,
            before?.First ?? newest,
            isNew || before?.Delivers is true
        );
    }
}
