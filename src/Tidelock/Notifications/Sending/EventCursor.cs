using System.Collections.Immutable;
using System.Globalization;

namespace Tidelock.Notifications.Sending;

/// <summary>
/// How far a channel has come that tells event by event: what it journals, and, where a call was cut off before it could tell, what it
/// remembers.
/// </summary>
internal sealed class EventCursor
{
    private const string Key = "sequence";

    private long taken;

    /// <summary>Whether the receiver has not taken it yet. What is told outside of a run is always new.</summary>
    public bool IsNew(NoticeView view, Notice notice) => !(notice.Entry?.Sequence <= Math.Max(taken, Journaled(view)));

    /// <summary>The receiver has taken this one.</summary>
    public void Took(Notice notice) => taken = notice.Entry?.Sequence ?? taken;

    /// <summary>What is to be journaled.</summary>
    public ImmutableSortedDictionary<string, string> Identifiers(NoticeView view) =>
        taken > Journaled(view)
            ? view.Identifiers.SetItem(Key, taken.ToString(CultureInfo.InvariantCulture))
            : view.Identifiers;

    private static long Journaled(NoticeView view) =>
        long.TryParse(view.Identifiers.GetValueOrDefault(Key), CultureInfo.InvariantCulture, out var known) ? known : 0;
}
