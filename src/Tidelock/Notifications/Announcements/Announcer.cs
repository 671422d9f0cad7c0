using Tidelock.Changes;
using Tidelock.Notifications.Sending;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Announcements;

/// <summary>Tells the team over every channel of a change when it will start, and writes down who was told what and when.</summary>
public sealed class Announcer
{
    /// <summary>The gate that an announcement is a word on.</summary>
    internal const string Gate = "announcement";

    private readonly ChannelFactory channels;
    private readonly IJournal journal;
    private readonly TimeProvider time;

    internal Announcer(ChannelFactory channels, IJournal journal, TimeProvider time) =>
        (this.channels, this.journal, this.time) = (channels, journal, time);

    /// <summary>Whether the change has a channel to announce over.</summary>
    public bool HasChannel(Change change) => channels.Of(change, time).Any();

    /// <summary>
    /// Sends, then journals. Where a change was announced before and not started since, a channel that can edit its message does that.
    /// </summary>
    /// <param name="change">What will be deployed.</param>
    /// <param name="subject">The same, and where, for people.</param>
    /// <param name="startsAt">When.</param>
    /// <param name="cancellation">Ends the sending; nothing is journaled then.</param>
    /// <returns>What came of it, by channel; empty where the change has no channel to announce over.</returns>
    /// <exception cref="JournalUnwritableException">People were told, and it could not be written down.</exception>
    public Task<IReadOnlyList<AnnouncedChannel>> AnnounceAsync(
        Change change,
        NoticeSubject subject,
        DateTimeOffset startsAt,
        CancellationToken cancellation
    ) => AnnounceAsync(change, subject, startsAt, static _ => true, cancellation);

    /// <summary>The same over those channels only that are meant, by the name of their kind: what the others were told stays as it is.</summary>
    internal async Task<IReadOnlyList<AnnouncedChannel>> AnnounceAsync(
        Change change,
        NoticeSubject subject,
        DateTimeOffset startsAt,
        Func<string, bool> isMeant,
        CancellationToken cancellation
    )
    {
        var before = await AnnouncedNotice
            .FindAsync(journal, subject.Digest, subject.TargetEnvironment, null, cancellation)
            .ConfigureAwait(false);
        var told = await Task.WhenAll(
                channels
                    .Of(change, time)
                    .Where(c => isMeant(c.Kind))
                    .Select(c => TellAsync(c.Kind, c.Channel, subject, startsAt, before, cancellation))
            )
            .ConfigureAwait(false);
        if (told.Any(t => t.IsTold))
        {
            await new WordBook(journal, subject.Digest, subject.TargetEnvironment)
                .AddAsync(Word(subject, startsAt, told, before), cancellation)
                .ConfigureAwait(false);
        }

        return [.. told.Where(t => !t.Delivery.IsNothing)];
    }

    /// <summary>The channels that were told of a start at this very time that is still to come.</summary>
    internal async Task<IReadOnlyList<string>> ToldAsync(
        NoticeSubject subject,
        DateTimeOffset startsAt,
        CancellationToken cancellation
    )
    {
        var before = await AnnouncedNotice
            .FindAsync(journal, subject.Digest, subject.TargetEnvironment, null, cancellation)
            .ConfigureAwait(false);
        return ToldBefore(before, startsAt);
    }

    /// <summary>
    /// Tells everybody who was told of a start at this time that it does not take place, and writes down that the announcement counts no more.
    /// Nothing happens where none stands: nobody was told, of another time, or a run has begun since.
    /// </summary>
    /// <returns>What came of it, by channel.</returns>
    /// <exception cref="JournalUnwritableException">People were told, and it could not be written down.</exception>
    internal async Task<IReadOnlyList<AnnouncedChannel>> CallOffAsync(
        Change change,
        NoticeSubject subject,
        DateTimeOffset startsAt,
        Message why,
        CancellationToken cancellation
    )
    {
        var before = await AnnouncedNotice
            .FindAsync(journal, subject.Digest, subject.TargetEnvironment, null, cancellation)
            .ConfigureAwait(false);
        if (before is not { IsCalledOff: false } || before.StartsAt != startsAt)
        {
            return [];
        }

        var told = await Task.WhenAll(
                channels
                    .Of(change, time)
                    .Where(c => before.Channels.ContainsKey(c.Kind))
                    .Select(c => TellAsync(c.Kind, c.Channel, subject, startsAt, before, cancellation, why))
            )
            .ConfigureAwait(false);
        await new WordBook(journal, subject.Digest, subject.TargetEnvironment)
            .AddAsync(Word(subject, startsAt, told, before, isCalledOff: true), cancellation)
            .ConfigureAwait(false);
        return [.. told.Where(t => !t.Delivery.IsNothing)];
    }

    private static IReadOnlyList<string> ToldBefore(Announcement? before, DateTimeOffset startsAt) =>
        before is { IsCalledOff: false, Told: { } told } && before.StartsAt == startsAt ? told : [];

    private async Task<AnnouncedChannel> TellAsync(
        string kind,
        IChannel channel,
        NoticeSubject subject,
        DateTimeOffset startsAt,
        Announcement? before,
        CancellationToken cancellation,
        Message? calledOff = null
    )
    {
        var known = AnnouncedNotice.Of(before, kind);
        var now = time.GetUtcNow();
        var view = new NoticeView(subject, null, RunState.Empty, null, known, now)
        {
            StartsAt = startsAt,
            CalledOff = calledOff,
        };
        var moment = calledOff is null ? Moment.Announced : Moment.CalledOff;
        var notice = new Notice(moment, null, null, RunState.Empty, now) { Text = calledOff };
        var delivery = await ChannelCall.TellAsync(channel, view, [notice], time, cancellation).ConfigureAwait(false);
        return new AnnouncedChannel(kind, delivery);
    }

    private Word Word(
        NoticeSubject subject,
        DateTimeOffset startsAt,
        IReadOnlyList<AnnouncedChannel> told,
        Announcement? before,
        bool isCalledOff = false
    )
    {
        var got = told.Where(t => t.IsTold).Select(t => t.Channel).ToList();
        var found = new Dictionary<string, IReadOnlyDictionary<string, string>>(
            before?.Channels ?? new Dictionary<string, IReadOnlyDictionary<string, string>>(),
            StringComparer.Ordinal
        );
        foreach (var t in told.Where(t => !t.Delivery.IsNothing && (t.IsTold || t.Delivery.Identifiers.Count > 0)))
        {
            found[t.Channel] = t.Delivery.Identifiers;
        }

        var seen = new Announcement(startsAt, found)
        {
            Told = isCalledOff ? [] : [.. ToldBefore(before, startsAt).Union(got, StringComparer.Ordinal)],
            IsCalledOff = isCalledOff,
        };
        return new Word(
            WordKind.Announced,
            Gate,
            subject.By,
            string.Join(", ", got),
            time.GetUtcNow(),
            Environment.MachineName
        )
        {
            Seen = seen.ToJson(),
        };
    }
}

/// <summary>What came of an announcement over one channel.</summary>
/// <param name="Channel">Which.</param>
/// <param name="Delivery">What came of it.</param>
public sealed record AnnouncedChannel(string Channel, Delivery Delivery)
{
    /// <summary>Whether people were told over it.</summary>
    public bool IsTold => Delivery is { IsNothing: false, Problem: null };
}
