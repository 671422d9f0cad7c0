using Microsoft.Playwright;

namespace Tidelock.Web.Tests;

/// <summary>A page in a browser, and all that the browser asked for or complained about while it opened it.</summary>
internal sealed class OpenedPage : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-page-").FullName;
    private readonly IBrowserContext context;

    private OpenedPage(IBrowserContext context) => this.context = context;

    public IPage Page { get; private set; } = null!;

    /// <summary>Every address that was asked for.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Errors and warnings of the console, and exceptions of scripts.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>The page's own address.</summary>
    public string Address => new Uri(Path.Combine(folder, "report.html")).AbsoluteUri;

    public static async Task<OpenedPage> OfAsync(IBrowserContext context, string html)
    {
        var opened = new OpenedPage(context);
        await File.WriteAllTextAsync(Path.Combine(opened.folder, "report.html"), html);
        opened.Page = await context.NewPageAsync();
        opened.Page.Request += (_, request) => opened.Requests.Add(request.Url);
        opened.Page.PageError += (_, error) => opened.Complaints.Add(error);
        opened.Page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                opened.Complaints.Add(message.Text);
            }
        };
        await opened.Page.GotoAsync(opened.Address, new PageGotoOptions { WaitUntil = WaitUntilState.Load });
        return opened;
    }

    /// <summary>How many pixels the page is wider than its window.</summary>
    public Task<int> OverflowAsync() =>
        Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    /// <summary>The page on A4, as it is printed: without colours of the ground, whatever its reader had opened or not.</summary>
    public async Task<PrintedPages> PrintAsync()
    {
        var pdf = Path.Combine(folder, "report.pdf");
        await Page.PdfAsync(
            new PagePdfOptions
            {
                Path = pdf,
                Format = "A4",
                PreferCSSPageSize = true,
            }
        );
        return await PrintedPages.OfAsync(pdf);
    }

    /// <summary>
    /// Words that must be there in every form: of headings, of the names of plots, and of what can be folded away. Only those whose letters every
    /// machine has a font for, and so short that no line has to break them.
    /// </summary>
    public Task<string[]> WordsAsync() =>
        Page.EvaluateAsync<string[]>(
            """
            [...document.querySelectorAll('h1, h2, h3, figcaption b, summary, pre')]
                .flatMap(e => e.textContent.split(/\s+/))
                .filter(w => /^[A-Za-z0-9_."{}:,]{2,24}$/.test(w))
            """
        );

    public async ValueTask DisposeAsync()
    {
        await context.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
