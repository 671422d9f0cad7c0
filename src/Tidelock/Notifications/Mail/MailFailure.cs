using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Tidelock.Texts;

namespace Tidelock.Notifications.Mail;

/// <summary>Why a letter could not be sent.</summary>
/// <param name="Problem">For people.</param>
/// <param name="NeedsPerson">Whether it stays until somebody mends it.</param>
internal sealed record MailFailure(Message Problem, bool NeedsPerson)
{
    private const int Permanent = 500;

    /// <summary>Null where it is none of the mail server's.</summary>
    public static MailFailure? Of(Exception e, MailOptions options) =>
        e switch
        {
            AuthenticationException or ServiceNotAuthenticatedException => new(
                Message.Of("notifications.mail.login", ("server", options.Server), ("reason", e.Message)),
                true
            ),
            SslHandshakeException => new(
                Message.Of(
                    "notifications.mail.tls",
                    ("server", options.Server),
                    ("reason", e.GetBaseException().Message.Split('\n')[0])
                ),
                true
            ),
            NotSupportedException => new(
                Message.Of("notifications.mail.not-offered", ("server", options.Server), ("reason", e.Message)),
                true
            ),
            SmtpCommandException refused => new(
                Message.Of(
                    "notifications.mail.refused",
                    ("server", options.Server),
                    ("status", (int)refused.StatusCode),
                    ("reason", e.Message)
                ),
                (int)refused.StatusCode >= Permanent
            ),
            ProtocolException or SocketException or IOException or TimeoutException or ServiceNotConnectedException =>
                new(
                    Message.Of("notifications.mail.unreachable", ("server", options.Server), ("reason", e.Message)),
                    false
                ),
            _ => null,
        };
}
