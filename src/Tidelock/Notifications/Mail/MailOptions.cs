namespace Tidelock.Notifications.Mail;

/// <summary><c>notify.mail</c>: letters over a server that speaks SMTP.</summary>
/// <param name="Server">Its name.</param>
/// <param name="Port">Its port.</param>
/// <param name="Security">How the connection is secured.</param>
/// <param name="From">Whose letters they are.</param>
/// <param name="To">Who gets them.</param>
/// <param name="Language">Of what is told.</param>
public sealed record MailOptions(
    string Server,
    int Port,
    MailSecurity Security,
    string From,
    IReadOnlyList<string> To,
    string Language
) : ChannelOptions(MailKind.Name, Language)
{
    /// <summary>The name to log in with; null for none.</summary>
    public string? User { get; init; }

    internal string? Password { get; init; }

    /// <summary>The file with the authorities that its certificate may come from; null for those of the machine.</summary>
    public string? Authority { get; init; }
}

/// <summary>How a connection to a mail server is secured. Nothing falls back to less.</summary>
public enum MailSecurity
{
    StartTls,

    /// <summary>From the first byte.</summary>
    Tls,
    None,
}
