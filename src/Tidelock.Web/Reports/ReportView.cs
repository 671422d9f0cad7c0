using Microsoft.AspNetCore.Html;
using Tidelock.Evidence;

namespace Tidelock.Web.Reports;

/// <summary>A report with the words of its reader's language.</summary>
public sealed record ReportView(RunReport Report, ReportWords Words)
{
    public HtmlString Style => ReportStyle.Text;

    public string Name => Report.Header is { } header ? $"{header.Change} → {header.Environment}" : Report.Run;

    public MarkedWord Standing => Words.Of(Report.Outcome.Standing);

    public IReadOnlyList<PlotMark> Marks { get; } =
        Report.Watch is { } watch
            ?
            [
                .. watch.Marks.Select(
                    (m, i) => new PlotMark(i + 1, m.At, $"{Words.Clock(m.At, watch.From, watch.To)} {Words.Of(m.Kind)}")
                ),
            ]
            : [];

    public string Say(string code, params ReadOnlySpan<(string Name, object? Value)> arguments) =>
        Words.Say(code, arguments);

    /// <summary>An address a click may lead to; null for everything that is not plain http.</summary>
    public static string? Link(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri.AbsoluteUri : null;

    public static string Class(Tone tone) =>
        tone switch
        {
            Tone.Plain => "plain",
            Tone.Good => "good",
            Tone.Warn => "warn",
            Tone.Bad => "bad",
        };
}

/// <summary>Something that happened during the watch, numbered in every plot and named once above them.</summary>
public sealed record PlotMark(int Number, DateTimeOffset At, string Words);
