using System.Globalization;
using Tidelock.Diagnoses;
using Tidelock.Evidence;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Cli.Rendering;

/// <summary>What was seen of a relation, and what to do next.</summary>
internal sealed class DiagnosisScreen(ReportWords words)
{
    public IEnumerable<Row> Rows(RelationDiagnosis seen, PostgresTarget target) =>
        [
            Exists(seen, target),
            .. seen.Found is CaptureResult.Captured captured ? View(captured.Closure) : [],
            .. seen.Tables.Select((t, i) => Labelled(i == 0 ? "cli.diagnose.tables" : "", $"{t.Name}: {Table(t)}")),
            .. seen.IsMissing ? [] : Held(seen),
            .. seen.Plan.Select((line, i) => Labelled(i == 0 ? "cli.diagnose.plan" : "", line)),
            Row.Gap,
            .. seen.Advice.Select(
                (a, i) =>
                    Labelled(i == 0 ? "cli.diagnose.next" : "", words.Say(a)) with
                    {
                        Tone = i == 0 ? Tone.Warn : Tone.Plain,
                    }
            ),
        ];

    private Row Exists(RelationDiagnosis seen, PostgresTarget target) =>
        seen.Found switch
        {
            CaptureResult.Missing => Labelled(
                "cli.diagnose.exists",
                words.Say("cli.diagnose.no", ("relation", seen.Relation), ("target", target))
            ) with
            {
                Mark = "✗",
                Tone = Tone.Bad,
            },
            CaptureResult.NotAView other => Labelled(
                "cli.diagnose.exists",
                $"{seen.Relation} {words.Say("cli.diagnose.not-a-view", ("kind", other.Kind))}"
            ) with
            {
                Mark = "!",
                Tone = Tone.Warn,
            },
            _ => Labelled("cli.diagnose.exists", $"{seen.Relation} {words.Say("cli.diagnose.view")}") with
            {
                Mark = "✓",
                Tone = Tone.Good,
            },
        };

    private IEnumerable<Row> View(RelationClosure closure)
    {
        var view = closure.Relation;
        yield return Labelled("cli.diagnose.owner", view.Owner);
        yield return Labelled("cli.diagnose.grants", Grants(view));
        if (view.Comment is { } comment)
        {
            yield return Labelled("cli.diagnose.comment", comment);
        }

        yield return Labelled(
            "cli.diagnose.dependents",
            closure.Dependents.Count == 0 ? "–" : string.Join(", ", closure.Dependents.Select(d => d.Name))
        );
        yield return Labelled("cli.diagnose.definition", view.Definition);
    }

    private static string Grants(CapturedRelation view) =>
        view.Grants is not { Count: > 0 } grants
            ? "–"
            : string.Join(
                ", ",
                grants
                    .GroupBy(g => g.Grantee ?? "public", StringComparer.Ordinal)
                    .Select(g => $"{g.Key} ({string.Join(' ', g.Select(p => p.Privilege.ToLowerInvariant()))})")
            );

    private string Table(TableBelow table) =>
        words.Say(
            "cli.diagnose.table",
            ("rows", table.Rows?.ToString("#,0", CultureInfo.InvariantCulture) ?? "?"),
            ("size", Size(table.Bytes)),
            ("age", words.Span(table.StatisticsAge)),
            ("changed", table.ChangedSince),
            ("indexes", table.Indexes.Count == 0 ? "–" : string.Join("; ", table.Indexes))
        );

    private IEnumerable<Row> Held(RelationDiagnosis seen) =>
        seen.Blockers.Count == 0
            ? [Labelled("cli.diagnose.blockers", words.Say("cli.diagnose.nobody"))]
            : seen.Blockers.Select((b, i) => Labelled(i == 0 ? "cli.diagnose.blockers" : "", words.Say(b.Text)));

    private static string Size(long bytes) =>
        bytes switch
        {
            >= 1L << 30 => FormattableString.Invariant($"{bytes / (double)(1L << 30):0.#} GiB"),
            >= 1L << 20 => FormattableString.Invariant($"{bytes / (double)(1L << 20):0.#} MiB"),
            _ => FormattableString.Invariant($"{bytes / 1024.0:0} KiB"),
        };

    private Row Labelled(string label, string text) => new(" ", label.Length > 0 ? words.Say(label) : "", text);
}
