using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Tidelock.Changes;
using Tidelock.Notifications;
using Tidelock.Notifications.Sending;
using Tidelock.Notifications.Trials;
using Tidelock.Runs;
using Tidelock.Tests.House;
using Tidelock.Tests.Probes;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

/// <summary>No key, token or password of any channel is in what is shown or journaled, not even where a server repeats it.</summary>
public sealed partial class ChannelCanaryTests
{
    private const string Canary = "canary-channel-c07a";

    /// <summary>In the order of the list of kinds.</summary>
    private static readonly string[] Kinds = ["slack", "pagerduty", "grafana", "webhook", "mail", "command"];

    [Fact]
    public void What_is_previewed_over_every_channel_holds_no_secret()
    {
        var change = Load(
            Path.Combine(Repository.Root, "docs", "examples", "every-key"),
            new Uri("http://127.0.0.1:1")
        );
        var subject = NoticeSubject.Of(change, "production", "seedtest at db.example:5432", "kim");
        var trial = new NoticeTrial(new ChannelFactory(TidelockServices.ChannelKinds), TimeProvider.System);
        var previewed = trial.Preview(change, subject, "definition", TimeSpan.FromMinutes(30));
        Assert.Equal(Kinds, previewed.Select(p => p.Channel));
        Assert.All(previewed, p => Assert.NotEmpty(p.Notices));
        var shown = previewed.SelectMany(p => p.Notices).Select(n => n.Notice.Where + n.Notice.Body);
        Assert.DoesNotContain(Canary, string.Join('\n', shown), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""channel: "#db-ops", token: "${TOKEN}", api: "${API_URL}/api" """)]
    [InlineData("""webhook: "${WEBHOOK}" """)]
    public async Task What_a_server_repeats_of_a_secret_is_neither_told_nor_journaled(string slack)
    {
        await using var echo = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = StatusCodes.Status401Unauthorized;
                return response.WriteAsync($"not {asked.Path} {asked.Authorization} {asked.Text}");
            }
        );
        using var authority = TestCertificates.Certificate("CN=our authority", null);
        using var own = TestCertificates.Certificate("CN=127.0.0.1", authority);
        await using var post = new SmtpServer
        {
            Certificate = TestCertificates.Loaded(own),
            Login = "me:another",
            Answer = line => line.StartsWith("AUTH", StringComparison.Ordinal) ? $"535 not {Canary} {line}" : null,
        };
        var folder = Directory.CreateTempSubdirectory("tidelock-canary-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "ca.pem"), authority.ExportCertificatePem());
            await File.WriteAllTextAsync(Path.Combine(folder, "new.sql"), "select 1 as id");
            await File.WriteAllTextAsync(Path.Combine(folder, "change.yaml"), Text(echo.Address, post.Port, slack));
            var change = Load(folder, echo.Address);
            await using var run = await RunFixture.CreateAsync(change: change);
            run.Notifier = journal => new Notifier(new ChannelFactory(TidelockServices.ChannelKinds), journal);
            await run.RunAsync(ScriptedStep.Migrating());

            var entries = await RunReader.EntriesAsync(run.Journal, run.Run, default);
            var failed = entries.Select(RunEvents.Parse).OfType<NoticeFailed>().ToList();
            Assert.Equal(Kinds.Order(), failed.Select(f => f.Channel).Distinct().Order());
            var told = new StringBuilder().AppendJoin('\n', entries.Select(e => e.Payload));
            foreach (var (_, _, channel) in Channels(change))
            {
                told.Append(TextCatalog.Korean.Render((await channel.AskAsync(default)).Finding));
            }

            var plain = Encoding.UTF8.GetBytes($"me:{Canary}");
            var login = Encoding.UTF8.GetBytes($"\0me\0{Canary}");
            foreach (var secret in new[] { Canary, Convert.ToBase64String(plain), Convert.ToBase64String(login) })
            {
                Assert.DoesNotContain(secret, told.ToString(), StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(Uri address, int port, string slack) =>
        $$"""
            change: scores
            migration: { sql: { up: new.sql } }
            notify:
              slack: { {{slack}} }
              pagerduty: { routingKey: "${TOKEN}", address: "{{address}}" }
              grafana: { address: "{{address}}", token: "${TOKEN}" }
              webhook: { address: "{{address}}", secret: "${SECRET}", user: me, password: "${TOKEN}" }
              mail:
                server: 127.0.0.1
                port: {{port}}
                user: me
                password: "${TOKEN}"
                ca: ca.pem
                from: tidelock@example.com
                to: kim@example.com
              command: [sh, -c, 'exit 1']
            environments:
              production: { database: "host=127.0.0.1 port=1 dbname=p user=u" }
            """;

    private static IReadOnlyList<(string Kind, ChannelOptions Options, IChannel Channel)> Channels(Change change) =>
        new ChannelFactory(TidelockServices.ChannelKinds).Of(change, TimeProvider.System);

    private static Change Load(string folder, Uri address)
    {
        var variables = Variable()
            .Matches(File.ReadAllText(Path.Combine(folder, "change.yaml")))
            .Select(m => m.Groups["name"].Value)
            .Distinct(StringComparer.Ordinal)
            .ToDictionary(n => n, n => ValueOf(n, address), StringComparer.Ordinal);
        var reading = TidelockServices.ChangeLoader.Load(folder, "production", variables);
        Assert.Equal("", string.Join('\n', reading.Mistakes.Select(m => m.Render(TextCatalog.English))));
        return reading.Change!;
    }

    private static string ValueOf(string name, Uri address) =>
        name.EndsWith("DATABASE_URL", StringComparison.Ordinal) ? "host=127.0.0.1 port=1 dbname=p user=u"
        : name.EndsWith("_URL", StringComparison.Ordinal) ? address.AbsoluteUri.TrimEnd('/')
        : name is "WEBHOOK" ? new Uri(address, $"/services/{Canary}").AbsoluteUri
        : Canary;

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}
