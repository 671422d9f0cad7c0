using Microsoft.AspNetCore.Html;

namespace Tidelock.Web.Reports;

internal static class ReportStyle
{
    /// <summary>Our own style sheet, which stands inside every report.</summary>
    public static HtmlString Text { get; } = new(Read());

    private static string Read()
    {
        using var stream = typeof(ReportStyle).Assembly.GetManifestResourceStream("Tidelock.Web.Reports.report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
