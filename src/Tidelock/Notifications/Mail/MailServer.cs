using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Tidelock.Notifications.Mail;

/// <summary>Hands letters to a mail server.</summary>
internal sealed class MailServer(MailOptions options)
{
    private const int LimitMilliseconds = 10_000;

    /// <summary>Sends a letter to everybody the server takes it for, and returns whom it does not take it for, each with the server's words.</summary>
    /// <exception cref="SmtpCommandException">The server takes it for nobody, or not at all.</exception>
    public async Task<IReadOnlyList<string>> SendAsync(MimeMessage letter, CancellationToken cancellation)
    {
        using var client = await ConnectAsync(cancellation).ConfigureAwait(false);
        await client.SendAsync(letter, cancellation).ConfigureAwait(false);
        await client.DisconnectAsync(quit: true, cancellation).ConfigureAwait(false);
        return client.Refused;
    }

    /// <summary>Connects and logs in, and sends nothing.</summary>
    public async Task TryAsync(CancellationToken cancellation)
    {
        using var client = await ConnectAsync(cancellation).ConfigureAwait(false);
        await client.NoOpAsync(cancellation).ConfigureAwait(false);
        await client.DisconnectAsync(quit: true, cancellation).ConfigureAwait(false);
    }

    private async Task<Client> ConnectAsync(CancellationToken cancellation)
    {
        var client = new Client { Timeout = LimitMilliseconds, CheckCertificateRevocation = false };
        try
        {
            client.ServerCertificateValidationCallback = Callback();
            await client
                .ConnectAsync(options.Server, options.Port, SecurityOf(options.Security), cancellation)
                .ConfigureAwait(false);
            if (options is { User: { } user, Password: { } password })
            {
                await client.AuthenticateAsync(user, password, cancellation).ConfigureAwait(false);
            }

            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static SecureSocketOptions SecurityOf(MailSecurity security) =>
        security switch
        {
            MailSecurity.StartTls => SecureSocketOptions.StartTls,
            MailSecurity.Tls => SecureSocketOptions.SslOnConnect,
            MailSecurity.None => SecureSocketOptions.None,
        };

    /// <summary>Null for the machine's own trust.</summary>
    private RemoteCertificateValidationCallback? Callback()
    {
        if (options.Authority is not { } authority)
        {
            return null;
        }

        var trusted = new X509Certificate2Collection();
        trusted.ImportFromPemFile(authority);
        return (_, certificate, _, errors) =>
            (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
            && certificate is X509Certificate2 shown
            && IsIssuedBy(trusted, shown);
    }

    private static bool IsIssuedBy(X509Certificate2Collection trusted, X509Certificate2 shown)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted);
        return chain.Build(shown);
    }

    /// <summary>One address that is wrong keeps the letter from nobody else.</summary>
    private sealed class Client : SmtpClient
    {
        private readonly List<string> refused = [];
        private SmtpStatusCode mildest = SmtpStatusCode.MailboxUnavailable;

        public IReadOnlyList<string> Refused => refused;

        protected override void OnRecipientNotAccepted(
            MimeMessage message,
            MailboxAddress mailbox,
            SmtpResponse response
        )
        {
            refused.Add($"{mailbox.Address}: {(int)response.StatusCode} {response.Response}");
            mildest = response.StatusCode < mildest ? response.StatusCode : mildest;
        }

        protected override void OnNoRecipientsAccepted(MimeMessage message) =>
            throw new SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, mildest, string.Join("; ", refused));
    }
}
