using System.Globalization;
using Tidelock.Evidence;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>Ways back as rows: those that can be used are numbered, each with its figures and, under them, what it does; the others say why not.</summary>
internal sealed class WayRows(ReportWords words)
{
    public IEnumerable<Row> Rows(IReadOnlyList<(string Name, RollbackAssessment Cost)> ranked) =>
        ranked.Select((way, at) => Row(way.Name, way.Cost, at + 1));

    public Row Row(string name, RollbackAssessment cost, int? number) =>
        cost.Usable
            ? new Row(
                number?.ToString(CultureInfo.InvariantCulture) ?? "",
                $"✓ {name}",
                string.Join(
                    '\n',
                    new[] { cost.Figures, cost.Cost, cost.Rescue, cost.RescueObstacle }
                        .OfType<Message>()
                        .Select(m => words.Say(m))
                ),
                cost.LosesWrites ? Tone.Warn : Tone.Good
            )
            : new Row("", $"✗ {name}", words.Say(cost.Cost), Tone.Bad);
}
