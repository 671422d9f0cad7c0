using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>What a person needs who finds a run stopped, after what happened: what is safe now, what to type next, whom to call.</summary>
/// <param name="Safe">What is in place, and what is not.</param>
/// <param name="Next">Commands as they are typed, the best first.</param>
/// <param name="Contacts">Whom to call, by role; what the change says.</param>
public sealed record StopAdvice(
    Message Safe,
    IReadOnlyList<NextCommand> Next,
    IReadOnlyDictionary<string, string> Contacts
)
{
    /// <summary>Of a run that was begun; null for one that goes on or was declared complete.</summary>
    public static StopAdvice? Of(RunId run, RunState state) =>
        state.Started is not { } started ? null
        : state.Result is RunResult.Completed ? null
        : new StopAdvice(SafeOf(state), [.. NextOf(run, state, started)], started.Contacts);

    /// <summary>Where nothing was begun.</summary>
    public static StopAdvice BeforeStart(
        string folder,
        string environment,
        IReadOnlyDictionary<string, string> contacts
    ) =>
        new(
            Message.Of("evidence.safe.not-begun"),
            [new($"tidelock plan {Quoted(folder)} --env {environment}", Message.Of("evidence.next.plan"))],
            contacts
        );

    /// <summary>Where another program or run has the database.</summary>
    public static StopAdvice Behind(RunId other, IReadOnlyDictionary<string, string> contacts) =>
        new(
            Message.Of("evidence.safe.another-run"),
            [
                new($"tidelock status {other}", Message.Of("evidence.next.status")),
                new($"tidelock watch {other}", Message.Of("evidence.next.watch")),
            ],
            contacts
        );

    private static Message SafeOf(RunState state) =>
        Message.Of(
            state switch
            {
                { Result: RunResult.NothingChanged or RunResult.Refused } => "evidence.safe.nothing-changed",
                { Result: RunResult.RolledBack } => "evidence.safe.as-before",
                { Result: RunResult.Undone } => "evidence.safe.undone",
                { Status: not RunStatus.Ended, Rollback: not null } => "evidence.safe.on-the-way-back",
                { InPlace: true } => "evidence.safe.in-place",
                { Result: RunResult.NeedsPerson, MayBeInPlace: false } => "evidence.safe.not-in-place",
                { Status: not RunStatus.Ended } when !HasTried(state) => "evidence.safe.not-yet",
                _ => "evidence.safe.unknown",
            }
        );

    /// <summary>Whether the migration may have been under way, so that only the database knows what is in place.</summary>
    private static bool HasTried(RunState state) => state.Step("migrate").Attempts > 0;

    private static IEnumerable<NextCommand> NextOf(RunId run, RunState state, RunStarted started)
    {
        var folder = Quoted(started.Folder);
        if (state.Status is not RunStatus.Ended)
        {
            yield return new($"tidelock resume {run}", Message.Of("evidence.next.resume"));
        }

        if (state.Status is not RunStatus.Ended && state.Rollback is null && (state.InPlace || HasTried(state)))
        {
            yield return new($"tidelock rollback {run}", Message.Of("evidence.next.rollback"));
        }

        switch (state.Result)
        {
            case RunResult.NothingChanged or RunResult.Refused:
                yield return new(
                    $"tidelock plan {folder} --env {started.TargetEnvironment}",
                    Message.Of("evidence.next.plan")
                );
                break;
            case RunResult.NeedsPerson or RunResult.Undone:
                yield return new($"tidelock rollback {run}", Message.Of("evidence.next.rollback"));
                yield return new(
                    $"tidelock verify {folder} --env {started.TargetEnvironment}",
                    Message.Of("evidence.next.verify")
                );
                break;
        }

        yield return state.Status is RunStatus.Ended
            ? new($"tidelock report {run}", Message.Of("evidence.next.report"))
            : new($"tidelock status {run}", Message.Of("evidence.next.status"));
    }

    /// <summary>As a shell takes it for one word.</summary>
    private static string Quoted(string word) =>
        word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

/// <summary>A command as it is typed, and what it is for.</summary>
public sealed record NextCommand(string Command, Message For);
