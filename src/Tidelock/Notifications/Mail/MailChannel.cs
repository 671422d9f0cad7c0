using System.Collections.Immutable;
using MimeKit;
using Tidelock.Texts;

namespace Tidelock.Notifications.Mail;

/// <summary>Writes a letter where people should know something without looking: all letters of a run are one conversation.</summary>
internal sealed class MailChannel(MailOptions options) : IChannel
{
    /// <summary>The id of the first letter, which the others answer.</summary>
    private const string Thread = "thread";

    /// <summary>Whom the server did not take the last letter for.</summary>
    private const string Refused = "refused";

    private readonly MailLetter letters = new(options);
    private readonly MailServer server = new(options);

    public async Task<Delivery> TellAsync(NoticeView view, IReadOnlyList<Notice> news, CancellationToken cancellation)
    {
        if (Letter(view, news) is not { } letter)
        {
            return Delivery.Nothing;
        }

        using (letter)
        {
            try
            {
                var refused = await server.SendAsync(letter, cancellation).ConfigureAwait(false);
                return Delivery.Sent(After(view.Identifiers, letter, refused));
            }
            catch (Exception e) when (MailFailure.Of(e, options) is { } failure)
            {
                return Delivery.Failed(view.Identifiers, failure.Problem) with { NeedsPerson = failure.NeedsPerson };
            }
        }
    }

    public async Task<ChannelAnswer> AskAsync(CancellationToken cancellation)
    {
        try
        {
            await server.TryAsync(cancellation).ConfigureAwait(false);
            return new ChannelAnswer(true, Message.Of("notifications.mail.answers", ("server", options.Server)));
        }
        catch (Exception e) when (MailFailure.Of(e, options) is { } failure)
        {
            return new ChannelAnswer(false, failure.Problem);
        }
    }

    public IReadOnlyList<PreviewedNotice> Preview(NoticeView view, IReadOnlyList<Notice> news)
    {
        using var letter = Letter(view, news);
        return letter is null
            ? []
            : [new PreviewedNotice(string.Join(", ", options.To), $"{letter.Subject}\n\n{letter.TextBody}")];
    }

    private MimeMessage? Letter(NoticeView view, IReadOnlyList<Notice> news)
    {
        var told = news.Where(IsForLetters).ToList();
        return told.Count == 0 ? null : letters.Of(view, told, view.Identifiers.GetValueOrDefault(Thread));
    }

    /// <summary>Not every step: a letter interrupts.</summary>
    private static bool IsForLetters(Notice notice) =>
        notice.Moment
            is Moment.Test
                or Moment.Announced
                or Moment.CalledOff
                or Moment.Started
                or Moment.Held
                or Moment.RollbackStarted
                or Moment.Suspended
                or Moment.Ended
                or Moment.NeedsPerson;

    private static ImmutableSortedDictionary<string, string> After(
        ImmutableSortedDictionary<string, string> ids,
        MimeMessage letter,
        IReadOnlyList<string> refused
    )
    {
        var known = ids.ContainsKey(Thread) ? ids : ids.SetItem(Thread, letter.MessageId!);
        return refused.Count == 0
            ? known.Remove(Refused)
            : known.SetItem(Refused, Secrets.OfProcess.Scrub(string.Join("; ", refused)));
    }
}
