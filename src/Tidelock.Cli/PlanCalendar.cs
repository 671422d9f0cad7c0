using Tidelock.Calendars;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Texts;
using Tidelock.Watching;
using Timeline = Tidelock.Evidence.Timeline;

namespace Tidelock.Cli;

/// <summary>A planned deployment for the team's calendars: getting ready, and the change itself with its timeline, people and documents.</summary>
internal sealed class PlanCalendar(TextCatalog texts)
{
    private readonly ReportWords words = new(texts);

    public string Text(DeploymentRequest request, TimeSpan prepares, DateTimeOffset now) =>
        CalendarFile.Text(Entries(request, prepares, now), now);

    private IReadOnlyList<CalendarEntry> Entries(DeploymentRequest request, TimeSpan prepares, DateTimeOffset now)
    {
        var appointment = request.Appointment!;
        var (change, environment) = (request.Change, request.TargetEnvironment.Name);
        var points = Timeline.Ahead(appointment, change.Section<WatchOptions>().For, now).Points;
        var id = FormattableString.Invariant($"{change.Name}-{environment}-{change.Digest[..12]}");
        string Summary(string code) => words.Say(code, ("change", change.Name), ("environment", environment));
        return
        [
            new(
                $"{id}-prepare@tidelock",
                appointment.StartsAt - prepares,
                appointment.StartsAt,
                Summary("cli.ics.prepare"),
                Description(request, points)
            ),
            new(
                $"{id}-run@tidelock",
                appointment.StartsAt,
                points[^1].Due,
                Summary("cli.ics.run"),
                Description(request, points)
            ),
        ];
    }

    private string Description(DeploymentRequest request, IReadOnlyList<TimelinePoint> points)
    {
        var change = request.Change;
        var zone = ZoneTime.Find(request.Appointment!.Zone)!;
        IEnumerable<string> lines =
        [
            change.Title,
            words.Say("cli.ics.target", ("target", request.Target), ("digest", change.Digest[..12])),
            "",
            .. points.Select(p => $"{p.Label}  {zone.Show(p.Due)}  {words.Of(p.Mark)}"),
            "",
            .. change.Contacts.Select(c => $"{c.Key}: {c.Value}"),
            .. change.Links.Select(l => $"{l.Key}: {l.Value}"),
        ];
        return Secrets.OfProcess.Scrub(string.Join('\n', lines)).TrimEnd();
    }
}
