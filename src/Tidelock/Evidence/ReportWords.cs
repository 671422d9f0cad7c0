using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Contracts;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Evidence;

/// <summary>The words of a report that are the same in every format: a mark and a word for every standing, times and values.</summary>
public sealed class ReportWords(TextCatalog texts)
{
    private static readonly JsonWriterOptions Pretty = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public string Language => texts.Language;

    public string Say(string code, params ReadOnlySpan<(string Name, object? Value)> arguments) =>
        texts.Render(code, arguments);

    public string Say(Message? message) => message is null ? "" : texts.Render(message);

    /// <summary>UTC to the second: an audit compares machines.</summary>
    public string Time(DateTimeOffset? at) =>
        at?.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "–";

    /// <summary>Only the time of day, where the date stands nearby.</summary>
    public string Clock(DateTimeOffset at) => at.ToUniversalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>A time of a stretch: with its date where the stretch goes over more than one day.</summary>
    public string Clock(DateTimeOffset at, DateTimeOffset from, DateTimeOffset to) =>
        from.UtcDateTime.Date == to.UtcDateTime.Date
            ? Clock(at)
            : at.ToUniversalTime().ToString("MM-dd HH:mm", CultureInfo.InvariantCulture);

    public string Span(TimeSpan? span) => span is { } known ? Durations.Short(known) : "–";

    public string Value(double? value, SignalUnit unit) => value is { } known ? Known(known, unit) : "–";

    private static string Known(double value, SignalUnit unit) =>
        unit switch
        {
            SignalUnit.Unstated or SignalUnit.Number => Digits(value),
            SignalUnit.Ratio => $"{Digits(value * 100)} %",
            SignalUnit.Seconds => Quantity.Text(value, unit),
            SignalUnit.PerSecond => $"{Digits(value)} /s",
        };

    public string Fact(JsonElement value)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Pretty))
        {
            value.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.ToArray());
    }

    public MarkedWord Of(RunStanding standing) =>
        standing switch
        {
            RunStanding.Unknown => new(Tone.Warn, "?", Say("evidence.standing.unknown")),
            RunStanding.Running => new(Tone.Plain, "▶", Say("evidence.standing.running")),
            RunStanding.Held => new(Tone.Warn, "‖", Say("evidence.standing.held")),
            RunStanding.Suspended => new(Tone.Warn, "‖", Say("evidence.standing.suspended")),
            RunStanding.RollingBack => new(Tone.Warn, "↩", Say("evidence.standing.rolling-back")),
            RunStanding.Completed => new(Tone.Good, "✓", Say("evidence.standing.completed")),
            RunStanding.NothingChanged => new(Tone.Bad, "✗", Say("evidence.standing.nothing-changed")),
            RunStanding.Refused => new(Tone.Bad, "✗", Say("evidence.standing.refused")),
            RunStanding.RolledBack => new(Tone.Warn, "↩", Say("evidence.standing.rolled-back")),
            RunStanding.Undone => new(Tone.Warn, "↪", Say("evidence.standing.undone")),
            RunStanding.NeedsPerson => new(Tone.Bad, "✗", Say("evidence.standing.needs-person")),
        };

    public MarkedWord Of(GateStanding standing) =>
        standing switch
        {
            GateStanding.Passed => new(Tone.Good, "✓", Say("evidence.gate.passed")),
            GateStanding.Confirmed => new(Tone.Good, "✓", Say("evidence.gate.confirmed")),
            GateStanding.NotPassed => new(Tone.Bad, "✗", Say("evidence.gate.not-passed")),
            GateStanding.Overridden => new(Tone.Bad, "✗", Say("evidence.gate.overridden")),
        };

    public MarkedWord Of(CandidateStanding standing) =>
        standing switch
        {
            CandidateStanding.Holds => new(Tone.Good, "✓", Say("evidence.candidate.holds")),
            CandidateStanding.Broken => new(Tone.Bad, "✗", Say("evidence.candidate.broken")),
            CandidateStanding.Unchecked => new(Tone.Warn, "?", Say("evidence.candidate.unchecked")),
        };

    /// <summary>The table of a comparison: rows that are on one side only, then every column.</summary>
    public IEnumerable<ContentRow> Rows(ContentFindings content)
    {
        if (content.RowsDiffer)
        {
            yield return Only("evidence.content.only-old", content.OnlyOld, content.OnlyOldExample, content);
            yield return Only("evidence.content.only-new", content.OnlyNew, content.OnlyNewExample, content);
        }

        foreach (var column in content.Columns)
        {
            var (mark, word) = Of(column.Standing, content.Sample is not null);
            var tone =
                !column.IsAllowed ? Tone.Bad
                : column.Standing is ContentStanding.Same ? Tone.Good
                : Tone.Plain;
            yield return new ContentRow(
                column.Name,
                new MarkedWord(tone, column.IsAllowed ? mark : "✗", word),
                column.Rows is { } rows ? Say("evidence.count", ("count", rows)) : "",
                column.Example?.ToString(),
                Of(column.Expected)
            );
        }
    }

    private ContentRow Only(string name, long count, string? example, ContentFindings content)
    {
        var isAllowed = count == 0 || content.RowsMayDiffer;
        var word = new MarkedWord(
            isAllowed ? Tone.Plain : Tone.Bad,
            isAllowed ? "≠" : "✗",
            Say(count == 0 ? "evidence.content.none" : "evidence.content.changed")
        );
        return new ContentRow(Say(name), word, Say("evidence.count", ("count", count)), example, Of(content.Rows));
    }

    private (string Mark, string Word) Of(ContentStanding standing, bool isSampled) =>
        standing switch
        {
            ContentStanding.Same => ("=", Say(isSampled ? "evidence.content.same-sample" : "evidence.content.same")),
            ContentStanding.Changed => ("≠", Say("evidence.content.changed")),
            ContentStanding.Unstable => ("?", Say("evidence.content.unstable")),
            ContentStanding.Gone => ("−", Say("evidence.content.gone")),
            ContentStanding.Added => ("+", Say("evidence.content.added")),
        };

    private string Of(ContentExpectation expected) =>
        expected switch
        {
            ContentExpectation.Same => Say("evidence.content.expected-same"),
            ContentExpectation.Changed => Say("evidence.content.expected-changed"),
        };

    public string Level(string level) =>
        level switch
        {
            "required" => Say("evidence.level.required"),
            "recommended" => Say("evidence.level.recommended"),
            _ => level,
        };

    public MarkedWord Of(StepResult? result) =>
        result is { } ended ? OfEnd(ended) : new MarkedWord(Tone.Warn, "…", Say("evidence.step.open"));

    private MarkedWord OfEnd(StepResult result) =>
        result switch
        {
            StepResult.Passed => new(Tone.Good, "✓", Say("evidence.step.passed")),
            StepResult.Refused => new(Tone.Bad, "✗", Say("evidence.step.refused")),
            StepResult.Failed => new(Tone.Bad, "✗", Say("evidence.step.failed")),
            StepResult.Breached => new(Tone.Bad, "✗", Say("evidence.step.breached")),
            StepResult.NeedsPerson => new(Tone.Bad, "✗", Say("evidence.step.needs-person")),
        };

    public string Of(ForecastPart part) =>
        Say(
            part switch
            {
                ForecastPart.Migration => "evidence.forecast.migration",
                ForecastPart.Watch => "evidence.forecast.watch",
                ForecastPart.WayBack => "evidence.forecast.way-back",
                ForecastPart.Locks => "evidence.forecast.locks",
                ForecastPart.Losses => "evidence.forecast.losses",
            }
        );

    /// <summary>What was foreseen: a time, or words.</summary>
    public string Foreseen(ReportForecast forecast) =>
        forecast.ForeseenWords is { } words ? Say(words) : Span(forecast.Foreseen);

    /// <summary>How it was: a time, or words.</summary>
    public string Happened(ReportForecast forecast) =>
        forecast.HappenedWords is { } words ? Say(words) : Span(forecast.Happened);

    public MarkedWord Of(ChangeStanding standing) =>
        standing switch
        {
            ChangeStanding.AsForeseen => new(Tone.Good, "✓", Say("evidence.change.as-foreseen")),
            ChangeStanding.Unforeseen => new(Tone.Warn, "!", Say("evidence.change.unforeseen")),
            ChangeStanding.NotCome => new(Tone.Warn, "?", Say("evidence.change.not-come")),
            ChangeStanding.Untold => new(Tone.Plain, "≠", Say("evidence.change.untold")),
        };

    public MarkedWord Of(ReportNotice notice) =>
        notice switch
        {
            { Problem: not null } => new(Tone.Warn, "!", Say("evidence.notice.failing")),
            { SentAt: null } => new(Tone.Warn, "…", Say("evidence.notice.nothing")),
            _ => new(Tone.Good, "✓", Say("evidence.notice.sent")),
        };

    /// <summary>Up to which event a channel told, and why it tells no more where it does not.</summary>
    public string Told(ReportNotice notice) =>
        Say(
            notice.Problem is null ? "evidence.notice.told"
                : notice.Upto > 0 ? "evidence.notice.told-until"
                : "evidence.notice.never",
            ("event", notice.Upto),
            ("sent", notice.Sent),
            ("failed", notice.Failed),
            ("problem", notice.Problem)
        );

    public static string Identifiers(ReportNotice notice) =>
        string.Join(", ", notice.Identifiers.Select(i => $"{i.Key} {i.Value}"));

    public MarkedWord Of(RehearsedPart part) => OfEnd(part.Passed ? StepResult.Passed : StepResult.Refused);

    public MarkedWord Of(VerdictState state) =>
        state switch
        {
            VerdictState.Healthy => new(Tone.Good, "✓", Say("evidence.verdict.healthy")),
            VerdictState.Breached => new(Tone.Bad, "✗", Say("evidence.verdict.breached")),
            VerdictState.Unknown => new(Tone.Warn, "?", Say("evidence.verdict.unknown")),
        };

    public MarkedWord Of(TimelineStanding standing) =>
        standing switch
        {
            TimelineStanding.Due => new(Tone.Plain, "·", Say("evidence.point.due")),
            TimelineStanding.Done => new(Tone.Good, "✓", Say("evidence.point.done")),
            TimelineStanding.DoneLate => new(Tone.Warn, "!", Say("evidence.point.done-late")),
            TimelineStanding.Late => new(Tone.Bad, "!", Say("evidence.point.late")),
            TimelineStanding.Missed => new(Tone.Bad, "✗", Say("evidence.point.missed")),
            TimelineStanding.NotReached => new(Tone.Plain, "–", Say("evidence.point.not-reached")),
        };

    public string Of(TimelineMark mark) =>
        mark switch
        {
            TimelineMark.Announced => Say("evidence.mark.announced"),
            TimelineMark.Prepared => Say("evidence.mark.prepared"),
            TimelineMark.Start => Say("evidence.mark.start"),
            TimelineMark.Migrated => Say("evidence.mark.migrated"),
            TimelineMark.Verified => Say("evidence.mark.verified"),
            TimelineMark.Watched => Say("evidence.mark.watched"),
            TimelineMark.Declared => Say("evidence.mark.declared"),
        };

    public string Of(DecisionKind kind) =>
        kind switch
        {
            DecisionKind.GateOverridden => Say("evidence.decision.overridden"),
            DecisionKind.TakenOver => Say("evidence.decision.taken-over"),
            DecisionKind.FailedOver => Say("evidence.decision.failed-over"),
            DecisionKind.BlockerActed => Say("evidence.decision.blocker"),
            DecisionKind.Applied => Say("evidence.decision.applied"),
            DecisionKind.Held => Say("evidence.decision.held"),
            DecisionKind.Continued => Say("evidence.decision.continued"),
            DecisionKind.Command => Say("evidence.decision.command"),
            DecisionKind.BoundChanged => Say("evidence.decision.bound"),
            DecisionKind.RollbackStarted => Say("evidence.decision.rollback"),
            DecisionKind.Reverted => Say("evidence.decision.reverted"),
            DecisionKind.Swapped => Say("evidence.decision.swapped"),
            DecisionKind.Undone => Say("evidence.decision.undone"),
            DecisionKind.Suspended => Say("evidence.decision.suspended"),
            DecisionKind.Ended => Say("evidence.decision.ended"),
        };

    /// <summary>Three significant digits, written out; thousands in groups.</summary>
    private static string Digits(double value)
    {
        var size = Math.Abs(value);
        if (size is >= 1e15 or (> 0 and < 1e-9))
        {
            return value.ToString("0.##E+0", CultureInfo.InvariantCulture);
        }

        var decimals = size is >= 100 or 0 ? 0 : Math.Min(12, 2 - (int)Math.Floor(Math.Log10(size)));
        return Math.Round(value, decimals).ToString("#,0.############", CultureInfo.InvariantCulture);
    }
}

/// <summary>A standing with its mark: the mark and the word carry the meaning, the tone only repeats it.</summary>
public sealed record MarkedWord(Tone Tone, string Mark, string Word)
{
    public override string ToString() => $"{Mark} {Word}";
}

public enum Tone
{
    Plain,
    Good,
    Warn,
    Bad,
}
