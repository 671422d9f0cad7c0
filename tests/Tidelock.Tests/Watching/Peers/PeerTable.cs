using System.Globalization;
using System.Text;

namespace Tidelock.Tests.Watching.Peers;

/// <summary>The scenarios that can be put to the peers, with what each makes of the same samples, as a table.</summary>
internal static class PeerTable
{
    private static readonly string[] Systems = ["Tidelock", "Argo Rollouts", "Flagger", "Prometheus"];

    public static string Text()
    {
        var rows = Scenario.All.Select(Row).OfType<PeerRow>().ToList();
        var text = new StringBuilder();
        text.AppendLine("| | Tidelock | Argo Rollouts | Flagger | Prometheus, Alertmanager (tells only) |");
        text.AppendLine("|---|---|---|---|---|");
        Summary(
            text,
            $"acted although nothing was wrong, of {rows.Count(r => r.Fault is null)}",
            rows,
            (r, i) => r.IsFalseAlarm(i)
        );
        Summary(text, $"missed a fault, of {rows.Count(r => r.Fault is not null)}", rows, (r, i) => r.IsMissed(i));
        text.AppendLine(
            $"| from the fault to the action, median | {string.Join(" | ", Systems.Select((_, i) => Median(rows, i)))} |"
        );
        text.AppendLine();
        text.AppendLine("| scenario | wrong from | Tidelock | Argo Rollouts | Flagger | Prometheus |");
        text.AppendLine("|---|---|---|---|---|---|");
        foreach (var row in rows)
        {
            text.AppendLine(row.Text);
        }

        return text.ToString().ReplaceLineEndings("\n");
    }

    private static PeerRow? Row(Scenario scenario) =>
        PolledSource.Of(scenario) is { } source
            ? new PeerRow(
                scenario,
                new ScenarioRun(scenario).Decisions(),
                [ArgoRollouts.AbortsAt(source), Flagger.RollsBackAt(source), PrometheusAlert.TellsAt(source)]
            )
            : null;

    private static void Summary(StringBuilder text, string what, List<PeerRow> rows, Func<PeerRow, int, bool> counts) =>
        text.AppendLine(
            $"| {what} | {string.Join(" | ", Systems.Select((_, i) => rows.Count(r => counts(r, i)).ToString(CultureInfo.InvariantCulture)))} |"
        );

    private static string Median(List<PeerRow> rows, int system)
    {
        var times = rows.Select(r => r.TimeToAct(system)).OfType<double>().Order().ToList();
        return times.Count == 0 ? "–" : ScenarioText.Time(times[times.Count / 2]);
    }
}
