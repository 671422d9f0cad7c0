using System.Text;
using MimeKit;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Mail;

/// <summary>E-mail.</summary>
internal sealed class MailKind : IChannelKind
{
    public const string Name = "mail";

    public string Key => Name;

    public string SchemaFragment => SchemaFragments.Beside<MailKind>("mail");

    public ChannelOptions? Read(ChangeNode channel)
    {
        if (
            !channel
                .Only("server", "port", "security", "user", "password", "ca", "from", "to", ChannelOptions.LanguageKey)
                .IsMapping
        )
        {
            return null;
        }

        var isThere = new[] { "server", "from", "to" }.Select(k => channel[k].Require()).ToList().TrueForAll(r => r);
        var security = channel["security"]
            .Word(
                MailSecurity.StartTls,
                ("starttls", MailSecurity.StartTls),
                ("tls", MailSecurity.Tls),
                ("none", MailSecurity.None)
            );
        RefuseHalves(channel, security);
        var options = new MailOptions(
            channel["server"].ExpandedText(),
            channel["port"].Integer(UsualPort(security), 1, 65535),
            security,
            Address(channel["from"]),
            To(channel["to"]),
            ChannelOptions.ReadLanguage(channel)
        )
        {
            User = channel["user"].Exists ? channel["user"].ExpandedText() : null,
            Password = channel["password"].Secret(),
            Authority = channel["ca"].ExpandedText() is { Length: > 0 } file
                ? Path.GetFullPath(file, channel.Context.Files.Folder)
                : null,
        };
        HideLogin(options);
        return isThere && options is { Server.Length: > 0, From.Length: > 0, To.Count: > 0 } ? options : null;
    }

    public IChannel? Create(ChannelOptions options, ChannelContext context) =>
        options is MailOptions mail ? new MailChannel(mail) : null;

    private static int UsualPort(MailSecurity security) =>
        security switch
        {
            MailSecurity.StartTls => 587,
            MailSecurity.Tls => 465,
            MailSecurity.None => 25,
        };

    /// <summary>A server may repeat what it was told, and is told the password in base64: with AUTH PLAIN after the user, with AUTH LOGIN alone.</summary>
    private static void HideLogin(MailOptions options)
    {
        if (options.Password is not { Length: > 0 } password)
        {
            return;
        }

        foreach (var said in new[] { password, $"\0{options.User}\0{password}" })
        {
            Secrets.OfProcess.Add(Convert.ToBase64String(Encoding.UTF8.GetBytes(said)));
        }
    }

    private static void RefuseHalves(ChangeNode channel, MailSecurity security)
    {
        if (channel["user"].Exists != channel["password"].Exists)
        {
            channel.Mistake(Message.Of("notifications.mail.half"));
        }

        if (channel["user"].Exists && security is MailSecurity.None)
        {
            channel.MistakeAtKey("user", Message.Of("notifications.mail.open"));
        }
    }

    private static List<string> To(ChangeNode node) =>
        [.. (node.IsList ? node.Items : [node]).Select(Address).Where(a => a.Length > 0)];

    /// <summary>An address, with a name or without; one that is a variable is looked at where it is known.</summary>
    private static string Address(ChangeNode node)
    {
        var text = node.ExpandedText();
        if (text.Length > 0 && !text.Contains("${", StringComparison.Ordinal) && !MailboxAddress.TryParse(text, out _))
        {
            node.Mistake(Message.Of("notifications.mail.address", ("text", text)));
        }

        return text;
    }
}
