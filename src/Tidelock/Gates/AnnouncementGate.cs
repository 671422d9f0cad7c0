using Tidelock.Notifications.Announcements;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// G4: the team was told early enough. Tidelock told it by itself, or somebody says so; when it was written down is what counts, and a start
/// that was announced is not begun before the time that was told.
/// </summary>
internal sealed class AnnouncementGate : IGate
{
    public string Name => Announcer.Gate;

    public GateLevel Level(GateOptions options) => options.Announcement.Level;

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var before = context.Options.Announcement.Before;
        var words = Standing(context.WordsOn(Name, before), out var calledOff);
        var channels = context.Options.Announcement.Channels;

        // A backup may take hours: the run that is under way began when the team was told it would.
        var now = context.Began ?? context.Start;
        var startsAt = words.Select(Announcement.Of).OfType<Announcement>().LastOrDefault()?.StartsAt;
        if (startsAt > now)
        {
            return Task.FromResult(
                new GateFinding(
                    false,
                    Message.Of("gates.announcement.too-early", ("at", startsAt), ("left", startsAt.Value - now))
                )
            );
        }

        var fitting = words
            .Where(w => (w.Kind is WordKind.Confirmed && channels.Count == 0) || IsFor(now, w, before))
            .ToList();
        var untold = channels.Where(c => !fitting.Exists(w => IsOver(w, c))).ToList();
        return Task.FromResult(
            fitting.Count > 0 && untold.Count == 0
                ? Told(
                    channels.Select(c => fitting.First(w => IsOver(w, c))).Append(fitting[0]).MaxBy(w => w.At)!,
                    before,
                    now
                )
            : calledOff is { } at ? new GateFinding(false, Message.Of("gates.announcement.called-off", ("at", at)))
            : fitting.Count == 0 && startsAt is not null
                ? new GateFinding(false, Message.Of("gates.announcement.other-time", ("at", startsAt)))
            : untold.Count > 0
                ? new GateFinding(
                    false,
                    Message.Of("gates.announcement.untold", ("channels", string.Join(", ", untold)), ("before", before))
                )
            : new GateFinding(
                false,
                context.Unconfirmed(Name, Message.Of("gates.announcement.missing", ("before", before)))
            )
        );
    }

    /// <summary>Whether this was told over a channel; a word notes over which.</summary>
    private static bool IsOver(Word word, string channel) =>
        word.Note.Split(", ").Contains(channel, StringComparer.Ordinal);

    /// <summary>
    /// Those that still count: a start that was called off takes the announcements before it with it, but for those of a time that is told again
    /// after it: whoever ended the waiting may go on with it.
    /// </summary>
    /// <param name="words">All on this gate, the oldest first.</param>
    /// <param name="calledOff">For when it was, where nobody was told of another start since; else null.</param>
    private static IReadOnlyList<Word> Standing(IReadOnlyList<Word> words, out DateTimeOffset? calledOff)
    {
        var told = words.Select(Announcement.Of).ToList();
        var last = told.FindLastIndex(a => a is { IsCalledOff: true });
        var again = told.Skip(last + 1).OfType<Announcement>().Select(a => a.StartsAt).ToList();
        calledOff = last >= 0 && again.Count == 0 ? told[last]!.StartsAt : null;
        return
        [
            .. words.Where(
                (_, i) => told[i] is not { } one || (!one.IsCalledOff && (i > last || again.Contains(one.StartsAt)))
            ),
        ];
    }

    /// <summary>Whether a start now is the one that was announced: not before its time and hardly after it, unless it was told too late for that.</summary>
    private static bool IsFor(DateTimeOffset now, Word word, TimeSpan before)
    {
        if (Announcement.Of(word)?.StartsAt is not { } at)
        {
            return false;
        }

        var due = word.At + before > at ? word.At + before : at;
        return at <= now && now <= due + Appointment.MayBeLate;
    }

    private static GateFinding Told(Word first, TimeSpan before, DateTimeOffset now)
    {
        var ago = now - first.At;
        if (ago < before)
        {
            return new GateFinding(
                false,
                Message.Of(
                    "gates.announcement.too-late",
                    ("by", first.By),
                    ("ago", ago),
                    ("before", before),
                    ("left", before - ago)
                )
            );
        }

        return first.Kind is WordKind.Announced
            ? new GateFinding(
                true,
                Message.Of("gates.announcement.sent", ("channels", first.Note), ("ago", ago), ("by", first.By))
            )
            : new GateFinding(
                true,
                Message.Of("gates.announcement.given", ("by", first.By), ("ago", ago), ("note", first.Note)),
                first.By
            );
    }
}
