using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Tidelock.Tests.Notifications;

/// <summary>A server on a free port that speaks SMTP (RFC 5321) with STARTTLS and AUTH PLAIN, and takes or refuses what a test says.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly ConcurrentQueue<SmtpLetter> letters = new();
    private readonly Task work;

    public SmtpServer()
    {
        listener.Start();
        work = Task.Run(AcceptAsync);
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public IReadOnlyList<SmtpLetter> Letters => [.. letters];

    /// <summary>What TLS is spoken with; null where STARTTLS is not offered.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Who may send, as <c>USER:PASSWORD</c>; null for everybody.</summary>
    public string? Login { get; init; }

    /// <summary>What a line is answered with instead of the usual; null for the usual.</summary>
    public Func<string, string?> Answer { get; init; } = _ => null;

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        listener.Stop();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            using var client = await listener.AcceptTcpClientAsync(stopping.Token);
            try
            {
                await TalkAsync(client);
            }
            catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
            {
                // The client went away, or does not believe the certificate.
            }
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        Stream stream = client.GetStream();
        var (lines, letter) = (new Lines(stream), new SmtpLetter());
        await lines.SayAsync("220 smtp.test ESMTP");
        while (await lines.ReadAsync(stopping.Token) is { } line)
        {
            var verb = line.Split(' ', ':')[0].ToUpperInvariant();
            var usual = verb switch
            {
                "EHLO" => Greeting(stream is SslStream),
                "STARTTLS" => "220 go ahead",
                "AUTH" => IsLogin(line) ? "235 welcome" : "535 5.7.8 authentication failed",
                "MAIL" when Login is not null && !letter.IsLoggedIn => "530 5.7.0 authentication required",
                "DATA" => "354 end with a dot",
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            var answer = Answer(line) ?? usual;
            await lines.SayAsync(answer);
            letter = letter.After(line, answer, stream is SslStream);
            if (verb is "STARTTLS")
            {
                var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(Certificate!);
                (stream, lines) = (tls, new Lines(tls));
            }
            else if (answer.StartsWith("354", StringComparison.Ordinal))
            {
                letters.Enqueue(letter with { Text = await lines.ReadToDotAsync(stopping.Token) });
                await lines.SayAsync("250 taken");
            }
            else if (verb is "QUIT")
            {
                return;
            }
        }
    }

    private string Greeting(bool isSecure) =>
        string.Join(
            "\r\n",
            new[]
            {
                "250-smtp.test",
                isSecure || Certificate is null ? null : "250-STARTTLS",
                Login is null ? null : "250-AUTH PLAIN",
                "250 8BITMIME",
            }.OfType<string>()
        );

    private bool IsLogin(string line) =>
        Encoding.UTF8.GetString(Convert.FromBase64String(line.Split(' ')[2])) == "\0" + Login!.Replace(':', '\0');

    private sealed class Lines(Stream stream)
    {
        private readonly StreamReader reader = new(stream, Encoding.UTF8, leaveOpen: true);

        public async Task SayAsync(string text) => await stream.WriteAsync(Encoding.UTF8.GetBytes(text + "\r\n"));

        public async Task<string?> ReadAsync(CancellationToken stop) => await reader.ReadLineAsync(stop);

        public async Task<string> ReadToDotAsync(CancellationToken stop)
        {
            var text = new StringBuilder();
            while (await ReadAsync(stop) is { } line and not ".")
            {
                text.Append(line).Append("\r\n");
            }

            return text.ToString();
        }
    }
}

/// <summary>A letter as the server got it.</summary>
internal sealed record SmtpLetter
{
    public string From { get; init; } = "";
    public IReadOnlyList<string> To { get; init; } = [];
    public string Text { get; init; } = "";
    public bool IsSecure { get; init; }
    public bool IsLoggedIn { get; init; }

    public SmtpLetter After(string line, string answer, bool isSecure) =>
        line switch
        {
            _ when !answer.StartsWith('2') => this,
            _ when line.StartsWith("AUTH", StringComparison.Ordinal) => this with { IsLoggedIn = true },
            _ when line.StartsWith("MAIL FROM:", StringComparison.Ordinal) => this with
            {
                From = Between(line),
                To = [],
                IsSecure = isSecure,
            },
            _ when line.StartsWith("RCPT TO:", StringComparison.Ordinal) => this with { To = [.. To, Between(line)] },
            _ => this,
        };

    private static string Between(string line) => line.Split('<')[1].Split('>')[0];
}
