using System.Collections.Immutable;
using Microsoft.Extensions.Time.Testing;
using Tidelock.Notifications;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

/// <summary>A run that a channel is told of: its journal's entries, and what the channel gave back, as a program that goes on finds it.</summary>
internal sealed class ToldRun(Func<ChannelContext, IChannel> create) : IDisposable
{
    private static readonly Message Reason = Message.Of("runs.completed");

    private readonly RunId run = new("01JDTESTRUN000000000000000");
    private readonly SocketsHttpHandler handler = new();
    private IChannel? channel;
    private RunState state = RunState.Empty;
    private JournalEntry? last;

    public static RunStarted Started { get; } =
        SampleEvents.Started with
        {
            Links = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["pull request"] = "https://git.example/73",
                ["runbook"] = "RUNBOOK.md",
            },
        };

    public FakeTimeProvider Time { get; } = new(SampleEvents.Zero);

    public string Folder { get; init; } = Path.GetTempPath();

    public RunId Run => run;

    public JournalEntry Head => last!;

    public ImmutableSortedDictionary<string, string> Identifiers { get; private set; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    private IChannel Channel => channel ??= create(new ChannelContext(handler, Folder, Time));

    /// <summary>What happens now, a second after the other, and is told in one call.</summary>
    public Task<Delivery> TellAsync(params RunEvent[] events) => TellAsync(Happen(events));

    /// <summary>The same again, as after a failure.</summary>
    public async Task<Delivery> TellAsync(IReadOnlyList<Notice> news)
    {
        var delivery = await Channel.TellAsync(View(), news, default);
        Identifiers = delivery.IsNothing ? Identifiers : delivery.Identifiers;
        return delivery;
    }

    /// <summary>Before a run.</summary>
    public Task<Delivery> TryAsync() =>
        Channel.TellAsync(
            new NoticeView(NoticeSubject.Of(Started), null, RunState.Empty, null, Identifiers, Time.GetUtcNow()),
            [new Notice(Moment.Test, null, null, RunState.Empty, Time.GetUtcNow())],
            default
        );

    public Task<ChannelAnswer> AskAsync() => Channel.AskAsync(default);

    public IReadOnlyList<PreviewedNotice> Preview(params RunEvent[] events)
    {
        var news = Happen(events);
        return Channel.Preview(View(), news);
    }

    /// <summary>Another program goes on: it knows what is journaled and nothing else.</summary>
    public void Restart() => channel = null;

    public IReadOnlyList<Notice> Happen(params RunEvent[] events)
    {
        var news = new List<Notice>();
        foreach (var e in events)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            var timed = e with { At = Time.GetUtcNow() };
            var id = $"event-{(last?.Sequence ?? 0) + 1}";
            last = JournalEntry.Next(run.Value, last, id, e.GetType().Name, RunEvents.Format(timed));
            state = timed.Apply(state);
            news.Add(Notice.Of(last, timed, state));
        }

        return news;
    }

    public void Dispose() => handler.Dispose();

    public static RunHeld Held(DateTimeOffset? until = null) => new(Message.Of("runs.paused", ("by", "kim")), until);

    public static RollbackStarted Back => new("definition", Message.Of("runs.paused", ("by", "kim")), null);

    public static RunEnded Ended(RunResult result) => new(result, Reason);

    private NoticeView View() => new(NoticeSubject.Of(Started), run, state, last, Identifiers, Time.GetUtcNow());
}
