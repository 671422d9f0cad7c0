using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using RazorSlices;
using Tidelock.Evidence;
using Tidelock.Texts;
using Tidelock.Web.Reports;

namespace Tidelock.Web;

/// <summary>A report as one HTML file: style and plots inside, no script, nothing fetched, so that it opens on any machine for years.</summary>
public static class HtmlReport
{
    /// <summary>Letters of every script stay readable in the file; what could become markup is encoded.</summary>
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    public static async Task<string> RenderAsync(RunReport report, TextCatalog texts, CancellationToken cancellation)
    {
        var page = new StringBuilder(64 * 1024);
        using var slice = Report.Create(new ReportView(report, new ReportWords(texts)));
        await slice.RenderAsync(page, Encoder, cancellation).ConfigureAwait(false);
        return page.ToString();
    }
}
