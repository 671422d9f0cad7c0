using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Evidence;

/// <summary>A report as text. HTML is made by <c>Tidelock.Web</c>.</summary>
public static class ReportRenderer
{
    /// <summary>For a pull request: tables that GitHub and GitLab show, long facts folded.</summary>
    public static string Markdown(RunReport report, TextCatalog texts) => new MarkdownReport(report, texts).ToString();

    /// <summary>For machines; the shape is documented and stable, and the same in every language.</summary>
    public static string Json(RunReport report) =>
        JsonSerializer.Serialize(report, ReportJson.Readable.RunReport) + "\n";
}
