using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications.Words;

/// <summary>What people are told of a run, in one language; a channel puts it into its own form.</summary>
internal sealed class NoticeWords
{
    private readonly ReportWords words;

    public NoticeWords(string language) => words = new ReportWords(TextCatalog.For(language));

    public string Say(string code, params ReadOnlySpan<(string Name, object? Value)> arguments) =>
        words.Say(code, arguments);

    public string Say(Message message) => words.Say(message);

    /// <summary>The change and where it goes.</summary>
    public static string Headline(NoticeView view) => $"{view.Subject.Change} → {view.Subject.TargetEnvironment}";

    /// <summary>How it stands, in one line that says it without the rest.</summary>
    public string Standing(NoticeView view) =>
        view switch
        {
            { Run: null, StartsAt: { } at, CalledOff: { } why } =>
                $"✗ {Say("notifications.called-off", ("at", at), ("reason", why))}",
            { Run: null, StartsAt: { } at } => $"○ {Say("notifications.starts", ("at", at))}",
            { Run: null } => $"○ {Say("notifications.test")}",
            _ => Standing(view.State, view.Now),
        };

    private string Standing(RunState state, DateTimeOffset now)
    {
        var outcome = ReportOutcome.Of(state, now);
        var word = words.Of(outcome.Standing);
        var said = outcome.Finding is { } finding ? words.Say(finding) : UnderWay(state, now);
        var place =
            state.Status is RunStatus.Ended
                ? words.Say(outcome.InPlace ? "evidence.in-place" : "evidence.not-in-place")
                : "";
        return $"{word}{(said.Length > 0 ? $": {said}" : "")} {place}".TrimEnd();
    }

    private string UnderWay(RunState state, DateTimeOffset now)
    {
        if (state.Steps.LastOrDefault(s => s.Status is StepStatus.Running) is not { StartedAt: { } since } step)
        {
            return "";
        }

        return step.Name switch
        {
            "watch" when state.WatchFor is { } length => Say(
                "notifications.watching",
                ("for", Whole(now - since)),
                ("length", length)
            ),
            Appointment.Step when state.Appointment is { } planned => Say(
                "notifications.waiting",
                ("at", planned.Shown)
            ),
            var name => name,
        };
    }

    /// <summary>Whole seconds: a notice is seconds old when it is read.</summary>
    private static TimeSpan Whole(TimeSpan span) => TimeSpan.FromSeconds(Math.Max(0, Math.Floor(span.TotalSeconds)));

    /// <summary>The steps that have begun, a line each.</summary>
    public IEnumerable<string> Steps(RunState state) => state.Steps.Select(s => Step(s));

    private string Step(StepState step)
    {
        if (step.Status is StepStatus.Running)
        {
            return $"▶ {step.Name}";
        }

        var took = words.Span(step.EndedAt - step.StartedAt);
        var finding = step.Result is StepResult.Passed ? "" : words.Say(step.Finding);
        return $"{words.Of(step.Result).Mark} {step.Name}  {took}  {finding}".TrimEnd();
    }

    /// <summary>What happened, in a line with its time; null where it is nothing to people.</summary>
    public string? Line(Notice notice) =>
        notice.Event switch
        {
            null => notice.Text is { } text ? Line(notice, $"✗ {Say(text)}") : null,
            RunStarted s => Line(notice, $"● {Begun(s)}"),
            StepEnded ended => Line(
                notice,
                $"{words.Of(ended.Result).Mark} {ended.Step}  {words.Say(ended.Finding)}".TrimEnd()
            ),
            RunEnded ended => Line(
                notice,
                $"{words.Of(ReportOutcome.Of(notice.State, notice.At).Standing)}: {words.Say(ended.Finding)}"
            ),
            { } e => ReportDecision.All([e]) is [var decision] ? Line(notice, Decided(decision)) : null,
        };

    private string Begun(RunStarted started) =>
        Say(
            started.Appointment is null ? "notifications.started" : "notifications.prepares",
            ("by", started.By),
            ("host", started.Host),
            ("target", started.Target),
            ("at", started.Appointment?.Shown)
        );

    private string Line(Notice notice, string text) => $"{words.Clock(notice.At)}Z  {text}";

    private string Decided(ReportDecision decision)
    {
        var by = decision.By is { } who ? $" ({who})" : "";
        return $"● {words.Of(decision.Kind)}: {words.Say(decision.Words)}{by}";
    }

    /// <summary>What a person can type now, the exact commands; the most careful one first.</summary>
    public static IReadOnlyList<string> Commands(NoticeView view) =>
        view switch
        {
            { Run: null } => [],
            { Run: var run, State.Held.Reason.Code: "steps.appointment.late" } =>
            [
                $"tidelock status {run}",
                $"tidelock abort {run}",
            ],
            { Run: var run, State: { Held: not null, InPlace: true, Rollback: null } } =>
            [
                $"tidelock status {run}",
                $"tidelock continue {run}",
                $"tidelock rollback {run}",
            ],
            { Run: var run, State: { Held: not null } or { Paused: not null } } =>
            [
                $"tidelock status {run}",
                $"tidelock continue {run}",
                $"tidelock abort {run}",
            ],
            { Run: var run, State.Status: RunStatus.Suspended } => [$"tidelock status {run}", $"tidelock resume {run}"],
            { Run: var run, State.Result: RunResult.NeedsPerson } =>
            [
                $"tidelock status {run}",
                $"tidelock rollback {run}",
            ],
            { Run: var run, State.Status: RunStatus.Ended } => [$"tidelock report {run}"],
            { Run: var run } => [$"tidelock watch {run}"],
        };

    /// <summary>Whether somebody must act, or decide before the run does by itself.</summary>
    public static bool NeedsPerson(RunState state) =>
        state is { Held: not null } or { Status: RunStatus.Suspended } or { Result: RunResult.NeedsPerson };

    /// <summary>Whom to call, by role.</summary>
    public static IEnumerable<string> Contacts(NoticeView view) =>
        view.Subject.Contacts.Select(c => $"{c.Key}: {c.Value}");

    /// <summary>
    /// The head of the journal as it is told to the outside: whoever has it can tell whether the journal's end was cut off or rewritten. One
    /// word, the same in every language.
    /// </summary>
    public static string Anchor(Runs.JournalEntry entry) => Evidence.Anchors.Anchor.Of(entry).ToString();
}
