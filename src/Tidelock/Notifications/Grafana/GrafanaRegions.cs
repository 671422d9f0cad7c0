using System.Globalization;
using Tidelock.Notifications.Words;
using Tidelock.Runs;

namespace Tidelock.Notifications.Grafana;

/// <summary>The regions of a run that the news is about.</summary>
internal sealed class GrafanaRegions(GrafanaOptions options)
{
    public const string Tag = "tidelock";

    private const string Whole = "run";
    private const string Back = "rollback";

    private readonly NoticeWords words = new(options.Language);

    /// <summary>Those that begin, change or end; the run's own first. A way back days later is a region of its own, and the run's stays as it was.</summary>
    public IEnumerable<GrafanaRegion> Of(NoticeView view, IReadOnlyList<Notice> news)
    {
        if (news.LastOrDefault(n => n.IsAlarm) is { } alarm)
        {
            return [Alarm(view, alarm)];
        }

        var isNews = news.Any(n => n.Moment is Moment.Started or Moment.RollbackStarted || n.Event is RunEnded);
        if (!isNews || view.State.Started is null)
        {
            return [];
        }

        var back = view.State.Rollback is { } rollback ? WayBack(view, rollback) : null;
        return view.Identifiers.ContainsKey(Ended(Whole))
            ? new[] { back }.OfType<GrafanaRegion>()
            : new[] { Run(view), back }.OfType<GrafanaRegion>();
    }

    /// <summary>What is journaled once a region has got its end.</summary>
    public static string Ended(string name) => $"{name}.ended";

    /// <summary>A trial: a line that says so.</summary>
    public GrafanaRegion Trial(NoticeView view) =>
        new("trial", "trial", view.Now, view.Now, [Tag, view.Subject.Change], Text(view));

    private GrafanaRegion Run(NoticeView view) =>
        new(Whole, $"run:{view.Run}", view.State.StartedAt, view.State.EndedAt, [.. Tags(view)], Text(view));

    private GrafanaRegion WayBack(NoticeView view, RollbackStarted rollback)
    {
        var text = $"{NoticeWords.Headline(view)}: {rollback.Method}: {words.Say(rollback.Reason)}";
        var which = rollback.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        return new GrafanaRegion(
            $"{Back}.{which}",
            $"{Back}:{view.Run}:{which}",
            rollback.At,
            view.State.EndedAt,
            [.. Tags(view), Back],
            view.State.EndedAt is null ? text : $"{text}\n{words.Standing(view)}"
        );
    }

    /// <summary>A line where a program left the run to people.</summary>
    private GrafanaRegion Alarm(NoticeView view, Notice notice)
    {
        var when = notice.At.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        var text = $"{NoticeWords.Headline(view)}: {words.Line(notice)}";
        return new GrafanaRegion(
            $"alarm.{when}",
            $"alarm:{view.Run}:{when}",
            notice.At,
            notice.At,
            [.. Tags(view), "needs-person"],
            text
        );
    }

    private IEnumerable<string> Tags(NoticeView view) =>
        [Tag, view.Subject.Change, view.Subject.TargetEnvironment, .. options.Tags];

    private string Text(NoticeView view) =>
        $"{NoticeWords.Headline(view)}: {words.Standing(view)}\n{view.Subject.Title}".TrimEnd();
}
