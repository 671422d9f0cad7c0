using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Tidelock.Programs;

namespace Tidelock.Web.Tests;

/// <summary>A page on paper, as another program reads the PDF that the browser makes of it: every word with its place.</summary>
internal sealed record PrintedPages(IReadOnlyList<PrintedPage> Pages)
{
    public HashSet<string> Words => [.. Pages.SelectMany(p => p.Words)];

    /// <param name="pdf">The PDF's path; what is read of it is written beside it.</param>
    public static async Task<PrintedPages> OfAsync(string pdf)
    {
        var words = pdf + ".xml";
        (await new ChildProgram("pdftotext", "-bbox", pdf, words).RunAsync(CancellationToken.None)).OrThrow();
        using var reader = XmlReader.Create(words, new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return new PrintedPages([
            .. XDocument.Load(reader).Descendants().Where(e => e.Name.LocalName is "page").Select(PrintedPage.Of),
        ]);
    }
}

/// <summary>One sheet.</summary>
/// <param name="Words">All that stand on it.</param>
/// <param name="Beyond">Those that are not within its edges.</param>
internal sealed record PrintedPage(IReadOnlyList<string> Words, IReadOnlyList<string> Beyond)
{
    public static PrintedPage Of(XElement page)
    {
        var words = page.Descendants().Where(e => e.Name.LocalName is "word").ToList();
        return new PrintedPage(
            [.. words.Select(w => w.Value)],
            [
                .. words
                    .Where(w =>
                        Number(w, "xMin") < 0
                        || Number(w, "yMin") < 0
                        || Number(w, "xMax") > Number(page, "width")
                        || Number(w, "yMax") > Number(page, "height")
                    )
                    .Select(w => w.Value),
            ]
        );
    }

    private static double Number(XElement element, string name) =>
        double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);
}
