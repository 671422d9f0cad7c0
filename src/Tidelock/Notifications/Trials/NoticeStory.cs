using Tidelock.Notifications.Sending;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Trials;

/// <summary>A run that never was, from its announcement to both of its ends: what a preview shows.</summary>
internal sealed class NoticeStory(NoticeSubject subject, string method, TimeSpan watch, DateTimeOffset now)
{
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(30);
    private static readonly Message Example = Message.Of("notifications.preview.example");
    private readonly RunId run = new("01EXAMPLE0000000000000000");

    /// <summary>What is told one after the other, each with the run as it then stands.</summary>
    public IReadOnlyList<(NoticeView View, IReadOnlyList<Notice> News)> Tell()
    {
        var until = now + Ahead;
        return
        [
            Announced(),
            .. Told(
                [Started()],
                [Begun("migrate")],
                [Applied(), Passed("migrate"), Begun("watch")],
                [Held(until)],
                [.. Decided()]
            ),
            .. Told(
                    [Started(), Begun("watch"), Held(until)],
                    [Back()],
                    [Ended(RunResult.RolledBack, "runs.rolled-back")]
                )
                .Skip(1),
            .. Told([Started(), Applied(), Passed("watch")], [Ended(RunResult.Completed, "runs.completed")]).Skip(1),
            .. Told([Started(), Applied()], [Ended(RunResult.NeedsPerson, "notifications.preview.example")]).Skip(1),
            .. Told([Started(), Applied(), Begun("watch")], [new RunSuspended(Example)], [Resumed()]).Skip(1),
            Left([.. Told([Started(), Applied(), Begun("watch")])]),
        ];
    }

    private (NoticeView, IReadOnlyList<Notice>) Announced() =>
        (
            new NoticeView(subject, null, RunState.Empty, null, Delivery.Nothing.Identifiers, now)
            {
                StartsAt = now + Ahead,
            },
            [new Notice(Moment.Announced, null, null, RunState.Empty, now)]
        );

    private IEnumerable<(NoticeView, IReadOnlyList<Notice>)> Told(params IReadOnlyList<RunEvent>[] calls)
    {
        var (state, last, at) = (RunState.Empty, (JournalEntry?)null, now);
        foreach (var call in calls)
        {
            var news = new List<Notice>();
            foreach (var e in call)
            {
                at += TimeSpan.FromSeconds(1);
                var timed = e with { At = at };
                last = JournalEntry.Next(run.Value, last, "example", e.GetType().Name, RunEvents.Format(timed));
                state = timed.Apply(state);
                news.Add(Notice.Of(last, timed, state));
            }

            yield return (new NoticeView(subject, run, state, last, Delivery.Nothing.Identifiers, at), news);
        }
    }

    /// <summary>A program that cannot go on, nor write that down.</summary>
    private static (NoticeView, IReadOnlyList<Notice>) Left(
        IReadOnlyList<(NoticeView View, IReadOnlyList<Notice> News)> told
    )
    {
        var view = told[^1].View with { State = Notifier.Left(told[^1].View.State), Head = null };
        return (view, [new Notice(Moment.NeedsPerson, null, null, view.State, view.Now) { Text = Example }]);
    }

    private RunStarted Started() =>
        new(
            subject.Change,
            subject.Title,
            subject.Digest,
            "",
            subject.TargetEnvironment,
            subject.Target,
            new ServerIdentity("", 1, "", 0, 0, false),
            method,
            Environment.MachineName,
            subject.By,
            Product.Version,
            watch,
            subject.Contacts,
            subject.Links
        );

    private static StepStarted Begun(string step) => new(step, 1);

    private static StepEnded Passed(string step) => new(step, StepResult.Passed, Example);

    private static MigrationApplied Applied() => new(null, Example);

    private RunHeld Held(DateTimeOffset until) =>
        new(Message.Of("runs.asking", ("reason", Example), ("limit", Ahead), ("method", method)), until);

    private static EpochTaken Resumed() => new(2, Environment.MachineName, Environment.ProcessId);

    private IEnumerable<RunEvent> Decided() =>
        [
            new CommandTaken("example", RunVerb.Continue, subject.By, ""),
            new RunContinued(Message.Of("runs.continued-by", ("by", subject.By))),
        ];

    private RollbackStarted Back() => new(method, Example, null);

    private RunEnded Ended(RunResult result, string code) => new(result, Message.Of(code, ("method", method)));
}
