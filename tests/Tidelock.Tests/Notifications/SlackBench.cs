using System.Collections.Immutable;
using Tidelock.Changes;
using Tidelock.Notifications;
using Tidelock.Notifications.Sending;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

/// <summary>A change that tells Slack, and the server that it tells.</summary>
internal sealed class SlackBench : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-slack-").FullName;

    private SlackBench(SlackServer slack) => Slack = slack;

    public SlackServer Slack { get; }

    public Change Change { get; private set; } = null!;

    public ChannelFactory Channels { get; } = new(TidelockServices.ChannelKinds);

    /// <summary>Its only channel.</summary>
    public IChannel Channel => Assert.Single(Channels.Of(Change, TimeProvider.System)).Channel;

    /// <param name="slack">What stands under <c>notify.slack</c> beside the server's address.</param>
    public static async Task<SlackBench> StartAsync(
        string slack = """channel: "#db-ops", token: "${SLACK_BOT_TOKEN}" """
    )
    {
        var bench = new SlackBench(await SlackServer.StartAsync());
        bench.Change = bench.Read(slack);
        return bench;
    }

    public static NoticeSubject Subject { get; } =
        new(
            "scores",
            "Lock <scores> & more",
            new string('a', 64),
            "production",
            "seedtest at db.example:5432",
            "kim",
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["pull request"] = "https://git.example/pull/73",
                ["runbook"] = "RUNBOOK.md",
            },
            new Dictionary<string, string>(StringComparer.Ordinal) { ["on-call"] = "PagerDuty" }
        );

    public static ImmutableSortedDictionary<string, string> NoIds { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Tells of events that happened one second after the other, as the spine does.</summary>
    public static (NoticeView View, IReadOnlyList<Notice> News) Of(
        ImmutableSortedDictionary<string, string> ids,
        params RunEvent[] events
    )
    {
        var (state, last, at) = (RunState.Empty, (JournalEntry?)null, SampleEvents.Zero);
        var news = new List<Notice>();
        foreach (var e in events)
        {
            var timed = e with { At = at };
            last = JournalEntry.Next("RUN", last, "id", e.GetType().Name, RunEvents.Format(timed));
            state = timed.Apply(state);
            news.Add(Notice.Of(last, timed, state));
            at += TimeSpan.FromSeconds(1);
        }

        return (new NoticeView(Subject, new RunId("RUN"), state, last, ids, at), news);
    }

    public async ValueTask DisposeAsync()
    {
        await Slack.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private Change Read(string slack)
    {
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            $$"""
            change: scores
            migration: { view: { name: public.scores, definition: new.sql } }
            notify: { slack: { {{slack}}, api: "{{Slack.Api}}" } }
            environments: { production: { database: "postgresql://u@127.0.0.1:1/d" } }
            """
        );
        var reading = TidelockServices.ChangeLoader.Load(
            folder,
            "production",
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["SLACK_BOT_TOKEN"] = SlackServer.Token,
                ["SLACK_WEBHOOK"] = Slack.Webhook,
            }
        );
        Assert.Equal("", string.Join('\n', reading.Mistakes.Select(m => m.Render(TextCatalog.English))));
        return reading.Change!;
    }
}
