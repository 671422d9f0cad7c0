using System.Text;
using Tidelock.Backups;
using Tidelock.Texts;
using static Tidelock.Evidence.MarkdownText;

namespace Tidelock.Evidence;

internal sealed class MarkdownReport(RunReport report, TextCatalog texts)
{
    private const int Longest = 160;

    private readonly ReportWords words = new(texts);
    private readonly StringBuilder page = new();

    public override string ToString()
    {
        page.Clear();
        Outcome();
        Header();
        TimelineTable();
        Forecasts();
        Gates();
        Decisions();
        Blockers();
        Steps();
        Rehearsed();
        Candidate();
        Changes();
        Contents();
        Watch();
        Soak();
        Notices();
        People();
        Unread();
        Chain();
        return page.ToString();
    }

    private void Outcome()
    {
        var standing = words.Of(report.Outcome.Standing);
        var name = report.Header is { } header ? $"{header.Change} → {header.Environment}" : report.Run;
        Line($"# {Cell(name)}: {standing}");
        if (report.Outcome.Finding is { } finding)
        {
            Line($"**{Cell(words.Say(finding))}**");
        }

        Line(words.Say(report.Outcome.InPlace ? "evidence.in-place" : "evidence.not-in-place"));
        if (report.AtStake is { } atStake)
        {
            Line(Cell(words.Say(atStake.Finding)));
        }

        foreach (var gate in report.Gates.Where(g => g.Standing is GateStanding.Overridden))
        {
            var said = words.Say(
                "evidence.overridden-by",
                ("gate", gate.Gate),
                ("by", gate.By),
                ("at", words.Time(gate.At))
            );
            Line($"> 🔴 **{Cell(said)}** {Cell(words.Say(gate.Finding))}");
        }
    }

    private void Header()
    {
        if (report.Header is not { } header)
        {
            Line(words.Say("evidence.no-header"));
            return;
        }

        Table(
            ["evidence.column.field", "evidence.column.value"],
            [
                [words.Say("evidence.field.title"), Cell(header.Title)],
                [words.Say("evidence.field.target"), Cell(header.Target)],
                [words.Say("evidence.field.run"), Code(report.Run)],
                [words.Say("evidence.field.digest"), Code(header.Digest)],
                [words.Say("evidence.field.by"), Cell(header.By)],
                [words.Say("evidence.field.host"), Cell(header.Host)],
                [words.Say("evidence.field.tool"), Cell(header.Tool)],
                [words.Say("evidence.field.started"), words.Time(header.StartedAt)],
                [words.Say("evidence.field.ended"), words.Time(header.EndedAt)],
                [words.Say("evidence.field.method"), Cell(header.Method)],
                .. header.Policy is { } policy
                    ? new[]
                    {
                        new[] { words.Say("evidence.field.policy"), $"{Cell(policy.File)} {Code(policy.Digest)}" },
                    }
                    : [],
            ]
        );
        Line($"_{words.Say("evidence.utc")}_");
    }

    private void TimelineTable()
    {
        var (from, to) = (report.Timeline.Zero, report.Timeline.Points[^1].Due);
        Section("evidence.section.timeline");
        Table(
            [
                "evidence.column.when",
                "evidence.column.what",
                "evidence.column.due",
                "evidence.column.done",
                "evidence.column.standing",
            ],
            report.Timeline.Points.Select(p =>
                new[]
                {
                    p.Label,
                    words.Of(p.Mark),
                    words.Clock(p.Due, from, to),
                    p.DoneAt is { } at ? words.Clock(at, from, to) : "–",
                    words.Of(p.Standing).ToString(),
                }
            )
        );
    }

    private void Forecasts()
    {
        if (report.Forecasts.Count == 0)
        {
            return;
        }

        Section("evidence.section.forecasts");
        Table(
            ["evidence.column.what", "evidence.column.foreseen", "evidence.column.happened"],
            report.Forecasts.Select(f => new[] { words.Of(f.Part), Cell(words.Foreseen(f)), Cell(words.Happened(f)) })
        );
    }

    private void Gates()
    {
        Section("evidence.section.gates");
        Table(
            [
                "evidence.column.gate",
                "evidence.column.level",
                "evidence.column.standing",
                "evidence.column.finding",
                "evidence.column.by",
                "evidence.column.at",
            ],
            report.Gates.Select(g =>
                new[]
                {
                    Cell(g.Gate),
                    words.Level(g.Level),
                    (g.Standing is GateStanding.Overridden ? "🔴 " : "") + words.Of(g.Standing),
                    Cell(words.Say(g.Finding)),
                    Cell(g.By ?? ""),
                    words.Time(g.At),
                }
            )
        );
    }

    private void Decisions()
    {
        Section("evidence.section.decisions");
        Table(
            ["evidence.column.at", "evidence.column.what", "evidence.column.words", "evidence.column.by"],
            report.Decisions.Select(d =>
                new[]
                {
                    words.Time(d.At),
                    words.Of(d.Kind),
                    Cell(words.Say(d.Words)),
                    Cell(d.By ?? words.Say("evidence.by-itself")),
                }
            )
        );
    }

    private void Blockers()
    {
        if (report.Blockers.Count == 0)
        {
            return;
        }

        Section("evidence.section.blockers");
        Table(
            [
                "evidence.column.at",
                "evidence.column.step",
                "evidence.column.session",
                "evidence.column.what",
                "evidence.column.outcome",
            ],
            report.Blockers.Select(b =>
                new[]
                {
                    words.Time(b.At),
                    Cell(b.Step),
                    Code($"{b.Act} {b.ProcessId}"),
                    Cell(words.Say(b.Why)),
                    b.Outcome is null ? "–" : Cell(words.Say(b.Outcome)),
                }
            )
        );
    }

    private void Steps()
    {
        Section("evidence.section.steps");
        Table(
            [
                "evidence.column.step",
                "evidence.column.standing",
                "evidence.column.took",
                "evidence.column.attempts",
                "evidence.column.finding",
            ],
            report
                .Steps.Where(s => s.Attempts.Count > 0)
                .Select(s =>
                    new[]
                    {
                        Cell(s.Step),
                        words.Of(s.Result).ToString(),
                        words.Span(s.Took),
                        texts.Render("evidence.count", ("count", s.Attempts.Count)),
                        Cell(words.Say(s.Finding)),
                    }
                )
        );
        foreach (var (step, fact) in report.Steps.SelectMany(s => s.Facts.Select(f => (s.Step, f))))
        {
            Line(
                $"<details><summary>{Cell(words.Say("evidence.fact", ("step", step), ("name", fact.Name), ("times", fact.Times)))}</summary>"
            );
            Line(Block(words.Fact(fact.Value), "json").TrimEnd());
            Line("</details>");
        }
    }

    private void Rehearsed()
    {
        if (report.Rehearsed is not { } rehearsed)
        {
            return;
        }

        Section("rehearsals.data.section");
        Line(Cell(words.Say(rehearsed.Summary)));
        if (rehearsed.Subset is { } subset)
        {
            Line($"**{Cell(words.Say(subset.Text))}**");
        }

        Table(
            [
                "rehearsals.data.column.part",
                "evidence.column.standing",
                "evidence.column.took",
                "evidence.column.finding",
            ],
            rehearsed.Parts.Select(p =>
                new[]
                {
                    words.Say(RehearsedPart.NameOf(p.Part)),
                    words.Of(p).ToString(),
                    words.Span(p.Took),
                    Cell(words.Say(p.Finding)),
                }
            )
        );
        foreach (var note in rehearsed.Notes)
        {
            Line("- " + Cell(words.Say(note)));
        }
    }

    private void Candidate()
    {
        if (report.Candidate is not { } candidate)
        {
            return;
        }

        Section("evidence.section.candidate");
        Table(
            ["evidence.column.standing", "evidence.column.check"],
            candidate.Checks.Select(c => new[] { words.Of(c.Standing).ToString(), Cell(words.Say(c.Text)) })
        );
    }

    private void Changes()
    {
        if (report.Changes.Count == 0)
        {
            return;
        }

        Section("evidence.section.changes");
        Table(
            ["evidence.column.what", "evidence.column.standing", "evidence.column.before", "evidence.column.after"],
            report.Changes.Select(c =>
                new[]
                {
                    Cell($"{c.Relation}: {c.What}"),
                    words.Of(c.Standing).ToString(),
                    Beginning(c.Before),
                    Beginning(c.After),
                }
            )
        );
    }

    /// <summary>A definition may be pages long; the whole of it stands among the facts.</summary>
    private static string Beginning(string? text) =>
        text switch
        {
            null or "" => "–",
            { Length: > Longest } => Code(text[..Longest] + "…"),
            _ => Code(text),
        };

    private void Contents()
    {
        if (report.Contents.Count == 0)
        {
            return;
        }

        Section("evidence.section.contents");
        foreach (var content in report.Contents)
        {
            Line($"**{Cell(content.Step)}**: {Cell(words.Say(content.Summary))}");
            if (content.Findings.Note is { } note)
            {
                Line("");
                Line(Cell(words.Say(note)));
            }

            Table(
                [
                    "evidence.column.column",
                    "evidence.column.standing",
                    "evidence.column.rows",
                    "evidence.column.example",
                    "evidence.column.expected",
                ],
                words
                    .Rows(content.Findings)
                    .Select(r =>
                        new[]
                        {
                            Cell(r.Name),
                            r.Standing.ToString(),
                            r.Count,
                            r.Example is null ? "" : Code(r.Example),
                            Cell(r.Expected),
                        }
                    )
            );
        }
    }

    private void Watch()
    {
        if (report.Watch is not { } watch)
        {
            return;
        }

        Section("evidence.section.watch");
        Line(WatchWords(watch));
        if (watch.IsUnjudged)
        {
            Line(words.Say("evidence.unjudged"));
        }

        Table(
            [
                "evidence.column.signal",
                "evidence.column.baseline",
                "evidence.column.lowest",
                "evidence.column.mean",
                "evidence.column.highest",
                "evidence.column.last",
                "evidence.column.gaps",
                "evidence.column.course",
            ],
            watch.Signals.Select(s =>
                new[]
                {
                    Cell(s.Signal),
                    words.Value(s.Baseline.Mean, s.Unit),
                    words.Value(s.Watch.Min, s.Unit),
                    words.Value(s.Watch.Mean, s.Unit),
                    words.Value(s.Watch.Max, s.Unit),
                    words.Value(s.Watch.Last, s.Unit),
                    words.Say("evidence.gaps", ("nodata", s.Watch.NoData), ("errors", s.Watch.Errors)),
                    Sparkline.Of(s.Columns, 24),
                }
            )
        );
        Table(
            [
                "evidence.column.criterion",
                "evidence.column.last-verdict",
                "evidence.column.words",
                "evidence.column.nearest",
                "evidence.column.verdicts",
            ],
            watch.Criteria.Select(c =>
                new[]
                {
                    Code(c.Criterion),
                    words.Of(c.Last).ToString(),
                    Cell(words.Say(c.FirstBreach ?? c.LastReason)),
                    words.Say(
                        "evidence.nearest",
                        ("percent", Math.Round(c.Nearest * 100)),
                        ("at", words.Clock(c.NearestAt))
                    ),
                    words.Say(
                        "evidence.verdicts",
                        ("healthy", c.Healthy),
                        ("breached", c.Breached),
                        ("unknown", c.Unknown)
                    ),
                }
            )
        );
    }

    private string WatchWords(ReportWatch watch) =>
        words.Say(
            "evidence.watched",
            ("from", words.Time(watch.From)),
            ("to", words.Time(watch.To)),
            ("ticks", watch.Ticks),
            ("baseline", watch.BaselineTicks)
        );

    private void Soak()
    {
        var messages = report.SoakProblem is { } problem ? [problem] : report.Soak?.Messages ?? [];
        if (messages.Count == 0)
        {
            return;
        }

        Section("evidence.section.soak");
        foreach (var message in messages)
        {
            Line("- " + Cell(words.Say(message)));
        }
    }

    private void Notices()
    {
        if (report.Notices.Count == 0)
        {
            return;
        }

        Section("evidence.section.notices");
        Table(
            [
                "evidence.column.channel",
                "evidence.column.standing",
                "evidence.column.at",
                "evidence.column.words",
                "evidence.column.identifiers",
            ],
            report.Notices.Select(n =>
                new[]
                {
                    Cell(n.Channel),
                    words.Of(n).ToString(),
                    words.Time(n.SentAt),
                    Cell(words.Told(n)),
                    Cell(ReportWords.Identifiers(n)),
                }
            )
        );
    }

    private void People()
    {
        if (report.Header is not { } header || header.Contacts.Count + header.Links.Count == 0)
        {
            return;
        }

        Section("evidence.section.people");
        Table(
            ["evidence.column.field", "evidence.column.value"],
            header.Contacts.Concat(header.Links).Select(p => new[] { Cell(p.Key), Cell(p.Value) })
        );
    }

    private void Unread()
    {
        if (report.Unread.Count == 0)
        {
            return;
        }

        Section("evidence.section.unread");
        Table(
            ["evidence.column.sequence", "evidence.column.kind", "evidence.column.words"],
            report.Unread.Select(u =>
                new[] { words.Say("evidence.count", ("count", u.Sequence)), Cell(u.Kind), Cell(words.Say(u.Reason)) }
            )
        );
    }

    private void Chain()
    {
        Section("evidence.section.chain");
        foreach (var message in report.Chain.Messages)
        {
            page.Append("- ").Append(Cell(words.Say(message))).Append('\n');
        }

        page.Append('\n');
        var made = words.Say("evidence.made", ("at", words.Time(report.MadeAt)), ("epochs", report.Epochs.Count));
        page.Append('_').Append(Cell(made)).Append("_\n");
    }

    private void Section(string code) => Line($"## {words.Say(code)}");

    private void Line(string text) => page.Append(text).Append("\n\n");

    private void Table(IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        var all = rows.ToList();
        if (all.Count == 0)
        {
            Line(words.Say("evidence.none"));
            return;
        }

        Row(columns.Select(c => words.Say(c)));
        Row(columns.Select(_ => "---"));
        all.ForEach(Row);
        page.Append('\n');
    }

    private void Row(IEnumerable<string> cells) => page.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
}
