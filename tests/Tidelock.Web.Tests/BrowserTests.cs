using Microsoft.Playwright;
using Tidelock.Evidence;
using Tidelock.Tests.Evidence;
using Tidelock.Texts;

namespace Tidelock.Web.Tests;

/// <summary>The evidence as a reader opens it: a file from a mail, on a desk or on a phone, without a network.</summary>
public sealed class BrowserTests(Browser browser)
{
    private const int Desk = 1440;
    private const int Phone = 390;

    public static TheoryData<string, string, int> Readings()
    {
        var readings = new TheoryData<string, string, int>();
        foreach (var story in (string[])["completed", "rolled-back", "held", "changed", "empty"])
        {
            foreach (var language in (string[])["en", "ko"])
            {
                readings.Add(story, language, Desk);
                readings.Add(story, language, Phone);
            }
        }

        return readings;
    }

    [Theory]
    [MemberData(nameof(Readings))]
    public async Task A_report_opens_without_a_network_or_a_complaint_and_fits_the_window(
        string story,
        string language,
        int width
    )
    {
        await using var opened = await browser.OpenAsync(await PageAsync(Story(story), language), width);
        Assert.Equal([opened.Address], opened.Requests);
        Assert.Empty(opened.Complaints);
        Assert.Equal(0, await opened.OverflowAsync());
        Assert.Equal(language, await opened.Page.Locator("html").GetAttributeAsync("lang"));
        await SeenAsync(opened.Page.Locator("h1"), width);
    }

    [Theory]
    [InlineData("en")]
    [InlineData("ko")]
    public async Task A_day_of_twenty_signals_opens_on_a_desk_and_on_a_phone(string language)
    {
        var page = await LongRun.PageAsync(language);
        foreach (var width in (int[])[Desk, Phone])
        {
            await using var opened = await browser.OpenAsync(page, width);
            Assert.Empty(opened.Complaints);
            Assert.Equal(0, await opened.OverflowAsync());
            var plots = await opened.Page.Locator("svg").AllAsync();
            Assert.Equal(20, plots.Count);
            foreach (var plot in plots)
            {
                await SeenAsync(plot, width);
            }

            await SeenAsync(opened.Page.Locator(".boundname").First, width);
        }
    }

    [Theory]
    [InlineData("rolled-back", "en")]
    [InlineData("day", "ko")]
    public async Task On_paper_all_of_it_stands_on_its_pages_and_nothing_is_cut(string story, string language)
    {
        var page = story == "day" ? await LongRun.PageAsync(language) : await PageAsync(Story(story), language);
        await using var opened = await browser.OpenAsync(page, Desk);
        var printed = await opened.PrintAsync();
        Assert.InRange(printed.Pages.Count, 3, 30);
        Assert.All(printed.Pages, p => Assert.NotEmpty(p.Words));
        Assert.Empty(printed.Pages.SelectMany(p => p.Beyond));
        var expected = await opened.WordsAsync();
        Assert.Contains("\"sha256\":", expected);
        Assert.Empty(expected.Except(printed.Words));
    }

    [Theory]
    [InlineData(Desk)]
    [InlineData(Phone)]
    public async Task Every_plot_is_drawn_within_the_window(int width)
    {
        await using var opened = await browser.OpenAsync(await PageAsync(RunStories.RolledBack(), "en"), width);
        var plots = await opened.Page.Locator("svg").AllAsync();
        Assert.NotEmpty(plots);
        foreach (var plot in plots)
        {
            await SeenAsync(plot, width);
        }
    }

    [Theory]
    [InlineData(Desk)]
    [InlineData(Phone)]
    public async Task A_plot_is_drawn_wider_where_its_reader_asks_for_it_and_the_page_stays_as_wide(int width)
    {
        await using var opened = await browser.OpenAsync(await PageAsync(RunStories.RolledBack(), "ko"), width);
        var plot = opened.Page.Locator(".plot").First;
        var before = (await plot.Locator("svg").BoundingBoxAsync())!.Width;
        await plot.GetByLabel("확대").CheckAsync();
        var after = (await plot.Locator("svg").BoundingBoxAsync())!.Width;
        Assert.InRange(after / before, 4.8, 5.1);
        Assert.Equal(0, await opened.OverflowAsync());
        Assert.Equal(9, await plot.Locator(".axis span").CountAsync());
    }

    [Fact]
    public async Task Names_without_a_break_do_not_widen_the_page_on_a_phone()
    {
        var name = new string('a', 300);
        var story = new RunStory()
            .Started(name, name, $"https://git.example/{name}")
            .Gate("approval", name, by: name)
            .Step("verify", 1, 2, finding: name)
            .Fact(3, "verify", "plan", $$"""{ "{{name}}": "{{name}}" }""");
        await using var opened = await browser.OpenAsync(await PageAsync(story, "en"), Phone);
        Assert.Equal(0, await opened.OverflowAsync());
    }

    [Fact]
    public async Task The_page_follows_the_readers_dark_scheme()
    {
        var page = await PageAsync(RunStories.Completed(), "en");
        await using var light = await browser.OpenAsync(page, Desk);
        await using var dark = await browser.OpenAsync(page, Desk, ColorScheme.Dark);
        Assert.NotEqual(await BackgroundAsync(light), await BackgroundAsync(dark));
    }

    /// <summary>Something of a size, and nothing of it beyond the window's sides.</summary>
    private static async Task SeenAsync(ILocator element, int width)
    {
        var box = await element.BoundingBoxAsync();
        Assert.NotNull(box);
        Assert.True(box is { Width: > 0, Height: > 0 }, $"{box.Width} × {box.Height}");
        Assert.InRange(box.X, 0, width);
        Assert.InRange(box.X + box.Width, 0, width);
    }

    private static Task<string> BackgroundAsync(OpenedPage opened) =>
        opened.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor");

    private static RunStory Story(string name) =>
        name switch
        {
            "completed" => RunStories.Completed(),
            "rolled-back" => RunStories.RolledBack(),
            "held" => RunStories.Held(),
            "changed" => RunClosures.Changed(),
            _ => new RunStory(),
        };

    private static Task<string> PageAsync(RunStory story, string language) =>
        HtmlReport.RenderAsync(
            RunReport.Of(story.Entries, RunStory.Zero.AddSeconds(4000)),
            TextCatalog.For(language),
            TestContext.Current.CancellationToken
        );
}
