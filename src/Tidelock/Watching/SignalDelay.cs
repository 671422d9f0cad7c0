using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>How late a signal's values come, as measured before the change and not again after it: a fact of the baseline.</summary>
/// <param name="Signal">Which.</param>
/// <param name="Declared">As the change says.</param>
/// <param name="Newest">How old the newest value was, the least of several looks; null where the source could not tell.</param>
/// <param name="Counts">By which the signal is read and judged.</param>
/// <param name="Detail">Why the source could not tell or what it told does not count, or what is wrong with its clock.</param>
public sealed record SignalDelay(
    string Signal,
    TimeSpan Declared,
    TimeSpan? Newest,
    TimeSpan Counts,
    Message? Detail = null
)
{
    /// <summary>The detail of a signal that had an old value and none after it.</summary>
    internal const string NoneNew = "watching.delay.none-new";

    /// <summary>
    /// Up to a tick is not late. Later than declared counts, in whole ticks; what is declared counts where values come sooner, because only
    /// their author knows when they are complete.
    /// </summary>
    /// <param name="age">As the source told it, in seconds.</param>
    /// <param name="declared">As the change says.</param>
    /// <param name="every">One tick.</param>
    internal static SignalDelay Of(Sample age, TimeSpan declared, TimeSpan every)
    {
        TimeSpan? newest = age.Value is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        var counts = newest > every && newest > declared ? Math.Ceiling(newest.Value / every) * every : declared;
        return new SignalDelay(age.Signal, declared, newest, counts, age.Detail);
    }

    /// <summary>Whether its values come later than its author said.</summary>
    internal bool IsLater => Counts > Declared;

    /// <summary>Where nothing new came meanwhile: its old value says that it has stopped, or is seldom reported, and not how late it is.</summary>
    internal SignalDelay WithoutNew => IsLater ? this with { Counts = Declared, Detail = Message.Of(NoneNew) } : this;
}
