using System.Text;
using MimeKit;
using Tidelock.Notifications.Mail;
using Tidelock.Runs;
using Tidelock.Tests.Probes;

namespace Tidelock.Tests.Notifications;

public sealed class MailChannelTests : IDisposable
{
    private const string Password = "canary-smtp-91d4";
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-mail-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_letter_goes_by_STARTTLS_with_a_login_and_says_what_happened_and_what_can_be_typed()
    {
        using var authority = TestCertificates.Certificate("CN=our authority", null);
        using var own = TestCertificates.Certificate("CN=127.0.0.1", authority);
        var ca = Path.Combine(folder, "ca.pem");
        await File.WriteAllTextAsync(ca, authority.ExportCertificatePem());
        await using var server = new SmtpServer
        {
            Certificate = TestCertificates.Loaded(own),
            Login = $"tidelock:{Password}",
        };
        var options = Options(server) with
        {
            Security = MailSecurity.StartTls,
            User = "tidelock",
            Password = Password,
            Authority = ca,
        };
        using var run = Told(options);
        Assert.Null((await run.TellAsync(ToldRun.Started, ToldRun.Held())).Problem);

        var letter = Assert.Single(server.Letters);
        Assert.True(letter is { IsSecure: true, IsLoggedIn: true });
        Assert.Equal("tidelock@example.com", letter.From);
        Assert.Equal(["kim@example.com", "lee@example.com"], letter.To);
        var mime = Mime(letter);
        Assert.StartsWith("[Tidelock] attempt-view-v1 → production: ", mime.Subject, StringComparison.Ordinal);
        Assert.Equal("auto-generated", mime.Headers["Auto-Submitted"]);
        Assert.Equal($"tidelock.{run.Run}.2@example.com", mime.MessageId);
        Assert.Contains("started by kim on bastion-1", mime.TextBody, StringComparison.Ordinal);
        Assert.Contains($"  tidelock abort {run.Run}", mime.TextBody, StringComparison.Ordinal);
        Assert.Contains("  on-call: PagerDuty", mime.TextBody, StringComparison.Ordinal);
        Assert.Contains("pull request: https://git.example/73", mime.TextBody, StringComparison.Ordinal);
        Assert.Contains(
            $"tidelock:{run.Run}:2:{run.Head.Hash}",
            mime.TextBody!.ReplaceLineEndings(" "),
            StringComparison.Ordinal
        );
        Assert.True((await run.AskAsync()).Passed);
    }

    [Fact]
    public async Task All_letters_of_a_run_are_one_conversation_and_steps_write_none()
    {
        await using var server = new SmtpServer();
        using var run = Told(Options(server));
        await run.TellAsync(ToldRun.Started);
        Assert.True((await run.TellAsync(new StepStarted("migrate", 1), new WatchTicked(false, [], []))).IsNothing);
        run.Restart();
        await run.TellAsync(ToldRun.Back);
        await run.TellAsync(ToldRun.Ended(RunResult.RolledBack));
        var letters = server.Letters.Select(Mime).ToList();
        Assert.Equal(3, letters.Count);
        Assert.Null(letters[0].InReplyTo);
        Assert.All(letters.Skip(1), l => Assert.Equal(letters[0].MessageId, l.InReplyTo));
        Assert.Contains("rolled back", letters[2].Subject, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_letter_is_written_in_the_language_of_the_channel()
    {
        await using var server = new SmtpServer();
        using var run = Told(Options(server, "ko"));
        await run.TellAsync(ToldRun.Started, ToldRun.Ended(RunResult.NeedsPerson));
        var mime = Mime(Assert.Single(server.Letters));
        Assert.Contains("지금 입력할 수 있는 명령", mime.TextBody, StringComparison.Ordinal);
        var shown = Assert.Single(run.Preview(ToldRun.Back));
        Assert.Contains("연락처", shown.Body, StringComparison.Ordinal);
        Assert.Single(server.Letters);
    }

    [Fact]
    public async Task One_address_that_is_refused_keeps_the_letter_from_nobody_else()
    {
        await using var server = new SmtpServer
        {
            Answer = line => line.Contains("lee@", StringComparison.Ordinal) ? "550 5.1.1 no such user" : null,
        };
        using var run = Told(Options(server));
        Assert.Null((await run.TellAsync(ToldRun.Started)).Problem);
        Assert.Equal(["kim@example.com"], Assert.Single(server.Letters).To);
        Assert.Contains("lee@example.com: 550", run.Identifiers["refused"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RCPT", "550 5.1.1 no such user", true)]
    [InlineData("RCPT", "450 4.2.1 try later", false)]
    [InlineData("MAIL", "451 4.3.0 greylisted", false)]
    [InlineData("DATA", "554 5.7.1 spam", true)]
    [InlineData("MAIL", "421 4.7.0 too busy", false)]
    public async Task A_refusal_is_told_with_the_servers_words(string verb, string answer, bool needsPerson)
    {
        await using var server = new SmtpServer
        {
            Answer = line => line.StartsWith(verb, StringComparison.Ordinal) ? answer : null,
        };
        using var run = Told(Options(server));
        var failed = await run.TellAsync(ToldRun.Started);
        Assert.Contains(answer[4..], failed.Problem!.ToString(), StringComparison.Ordinal);
        Assert.Equal(needsPerson, failed.NeedsPerson);
        Assert.Empty(server.Letters);
    }

    [Fact]
    public async Task A_wrong_password_is_for_people_and_nowhere_repeated()
    {
        using var own = TestCertificates.Certificate("CN=127.0.0.1", null);
        var ca = Path.Combine(folder, "ca.pem");
        await File.WriteAllTextAsync(ca, own.ExportCertificatePem());
        await using var server = new SmtpServer
        {
            Certificate = TestCertificates.Loaded(own),
            Login = "tidelock:another",
        };
        var secure = Options(server) with
        {
            Security = MailSecurity.StartTls,
            User = "tidelock",
            Password = Password,
            Authority = ca,
        };
        using var run = Told(secure);
        var failed = await run.TellAsync(ToldRun.Started);
        Assert.Equal(("notifications.mail.login", true), (failed.Problem!.Code, failed.NeedsPerson));
        Assert.DoesNotContain(Password, failed.Problem.ToString(), StringComparison.Ordinal);
        using var nameless = Told(secure with { User = null, Password = null });
        Assert.True((await nameless.TellAsync(ToldRun.Started)).NeedsPerson);
    }

    [Fact]
    public async Task Nothing_is_sent_without_the_security_that_is_asked_for()
    {
        await using var open = new SmtpServer();
        using var run = Told(Options(open) with { Security = MailSecurity.StartTls });
        Assert.Equal("notifications.mail.not-offered", (await run.TellAsync(ToldRun.Started)).Problem!.Code);
        using var own = TestCertificates.Certificate("CN=127.0.0.1", null);
        await using var unknown = new SmtpServer { Certificate = TestCertificates.Loaded(own) };
        using var other = Told(Options(unknown) with { Security = MailSecurity.StartTls });
        Assert.Equal("notifications.mail.tls", (await other.TellAsync(ToldRun.Started)).Problem!.Code);
        Assert.False((await other.AskAsync()).Passed);
        Assert.Empty(open.Letters.Concat(unknown.Letters));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_tried_again()
    {
        using var run = Told(
            new MailOptions("127.0.0.1", 1, MailSecurity.None, "a@example.com", ["b@example.com"], "en")
        );
        var failed = await run.TellAsync(ToldRun.Started);
        Assert.Equal(("notifications.mail.unreachable", false), (failed.Problem!.Code, failed.NeedsPerson));
    }

    private static MimeMessage Mime(SmtpLetter letter) =>
        MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(letter.Text)));

    private static MailOptions Options(SmtpServer server, string language = "en") =>
        new(
            "127.0.0.1",
            server.Port,
            MailSecurity.None,
            "Tidelock <tidelock@example.com>",
            ["Kim <kim@example.com>", "lee@example.com"],
            language
        );

    private static ToldRun Told(MailOptions options) => new(_ => new MailChannel(options));
}
