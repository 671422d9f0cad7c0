using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(Tidelock.Web.Tests.Browser))]

namespace Tidelock.Web.Tests;

/// <summary>A headless Chromium, the one of the system, for all tests of this assembly.</summary>
public sealed class Browser : IAsyncLifetime
{
    /// <summary>For a machine that does much else, in milliseconds.</summary>
    private const float Patience = 120_000;

    private IPlaywright? playwright;
    private IBrowser? chromium;

    /// <summary>Opens a page as a file, in a window of this width, without any network.</summary>
    /// <param name="page">The page's HTML.</param>
    /// <param name="width">In CSS pixels.</param>
    /// <param name="scheme">Light or dark.</param>
    internal async Task<OpenedPage> OpenAsync(string page, int width, ColorScheme scheme = ColorScheme.Light)
    {
        var context = await chromium!.NewContextAsync(
            new BrowserNewContextOptions
            {
                ViewportSize = new ViewportSize { Width = width, Height = 900 },
                ColorScheme = scheme,
                Offline = true,
            }
        );
        context.SetDefaultTimeout(Patience);
        return await OpenedPage.OfAsync(context, page);
    }

    public async ValueTask InitializeAsync()
    {
        playwright = await Playwright.CreateAsync();
        chromium = await playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions
            {
                ExecutablePath = "/usr/bin/chromium",
                Timeout = Patience,
                Args =
                [
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--no-first-run",
                    "--disable-background-networking",
                    "--disable-component-update",
                    "--disable-sync",
                ],
            }
        );
    }

    public async ValueTask DisposeAsync()
    {
        await (chromium?.DisposeAsync() ?? ValueTask.CompletedTask);
        playwright?.Dispose();
    }
}
