using System.Globalization;
using MimeKit;
using Tidelock.Notifications.Words;

namespace Tidelock.Notifications.Mail;

/// <summary>What people read of some news, as a letter.</summary>
internal sealed class MailLetter(MailOptions options)
{
    private const int LongestSubject = 150;

    private readonly NoticeWords words = new(options.Language);

    /// <summary>A letter about some news.</summary>
    /// <param name="view">How it stands.</param>
    /// <param name="news">What is told.</param>
    /// <param name="thread">The id of the first letter of this run; null for the first one.</param>
    public MimeMessage Of(NoticeView view, IReadOnlyList<Notice> news, string? thread)
    {
        var from = MailboxAddress.Parse(options.From);
        var letter = new MimeMessage
        {
            Subject = Subject(view),
            Date = news[^1].At,
            MessageId = $"{IdOf(view, news[^1])}@{from.Domain}",
            Body = new TextPart("plain") { Text = Text(view, news) },
        };
        letter.From.Add(from);
        letter.To.AddRange(options.To.Select(MailboxAddress.Parse));
        letter.Headers.Add("Auto-Submitted", "auto-generated");
        if (thread is not null)
        {
            letter.InReplyTo = thread;
            letter.References.Add(thread);
        }

        return letter;
    }

    /// <summary>The same at every try, so that a letter that comes twice is known as one.</summary>
    private static string IdOf(NoticeView view, Notice notice) =>
        notice.Entry is { } entry
            ? string.Create(CultureInfo.InvariantCulture, $"tidelock.{entry.Stream}.{entry.Sequence}")
            : string.Create(
                CultureInfo.InvariantCulture,
                $"tidelock.{view.Subject.Digest[..12]}.{notice.At.ToUnixTimeMilliseconds()}"
            );

    private string Subject(NoticeView view)
    {
        var text = $"[Tidelock] {NoticeWords.Headline(view)}: {words.Standing(view)}".ReplaceLineEndings(" ");
        return NoticeCut.Of(text, LongestSubject);
    }

    private string Text(NoticeView view, IReadOnlyList<Notice> news)
    {
        var parts = new List<string>
        {
            $"{NoticeWords.Headline(view)}\n{words.Standing(view)}\n{view.Subject.Title}",
            Lines(news.Select(words.Line).OfType<string>()),
            Lines(words.Steps(view.State)),
            Under("notifications.mail.next", NoticeWords.Commands(view)),
            Under("notifications.mail.contacts", NoticeWords.Contacts(view)),
            Lines(view.Subject.Links.Select(l => $"{l.Key}: {l.Value}")),
            Foot(view, news[^1]),
        };
        return string.Join("\n\n", parts.Where(p => p.Length > 0)) + "\n";
    }

    private string Under(string heading, IEnumerable<string> lines)
    {
        var text = Lines(lines.Select(l => $"  {l}"));
        return text.Length > 0 ? $"{words.Say(heading)}\n{text}" : "";
    }

    private string Foot(NoticeView view, Notice newest) =>
        Lines(
            new[]
            {
                words.Say("notifications.footer", ("target", view.Subject.Target), ("by", view.Subject.By)),
                newest.Entry is { } entry ? NoticeWords.Anchor(entry) : "",
            }.Where(l => l.Length > 0)
        );

    private static string Lines(IEnumerable<string> lines) => string.Join('\n', lines);
}
