using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Tidelock.Changes;
using Tidelock.Notifications;
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

    [Fact]
    public async Task What_a_server_repeats_of_a_secret_is_in_no_problem_and_no_identifier()
    {
        await using var echo = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = StatusCodes.Status401Unauthorized;
                return response.WriteAsync($"not {asked.Authorization} {asked.Text}");
            }
        );
        var folder = Directory.CreateTempSubdirectory("tidelock-canary-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "new.sql"), "select 1 as id");
            await File.WriteAllTextAsync(Path.Combine(folder, "change.yaml"), Text(echo.Address));
            var told = new StringBuilder();
            foreach (var (kind, _, channel) in Channels(Load(folder, echo.Address)))
            {
                var news = News();
                var delivery = await channel.TellAsync(View(news[^1]), news, default);
                Assert.True(delivery.Problem is not null, kind);
                told.Append(TextCatalog.English.Render(delivery.Problem))
                    .AppendJoin(' ', delivery.Identifiers.Values)
                    .Append(TextCatalog.Korean.Render((await channel.AskAsync(default)).Finding));
            }

            Assert.True(echo.Asked.Count >= 4);
            Assert.DoesNotContain(Canary, told.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(
                Convert.ToBase64String(Encoding.UTF8.GetBytes($"me:{Canary}")),
                told.ToString(),
                StringComparison.Ordinal
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Text(Uri address) =>
        $$"""
            change: scores
            migration: { sql: { up: new.sql } }
            notify:
              slack: { channel: "#db-ops", token: "${TOKEN}", api: "{{address}}api" }
              pagerduty: { routingKey: "${TOKEN}", address: "{{address}}" }
              grafana: { address: "{{address}}", token: "${TOKEN}" }
              webhook: { address: "{{address}}", secret: "${SECRET}", user: me, password: "${TOKEN}" }
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
        : Canary;

    private static List<Notice> News()
    {
        var started = SampleEvents.Started with { At = SampleEvents.Zero };
        var entry = JournalEntry.Next(
            "01JDTESTRUN000000000000000",
            null,
            "event-1",
            "RunStarted",
            RunEvents.Format(started)
        );
        return [Notice.Of(entry, started, started.Apply(RunState.Empty))];
    }

    private static NoticeView View(Notice notice) =>
        new(
            NoticeSubject.Of(SampleEvents.Started),
            new RunId("01JDTESTRUN000000000000000"),
            notice.State,
            notice.Entry,
            Delivery.Nothing.Identifiers,
            notice.At
        );

    [GeneratedRegex(@"\$\{(?<name>[A-Z_]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}
