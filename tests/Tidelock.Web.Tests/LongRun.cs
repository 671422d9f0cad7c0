using Tidelock.Evidence;
using Tidelock.Tests.Evidence;
using Tidelock.Texts;

namespace Tidelock.Web.Tests;

/// <summary>The report of a run that was watched for a day, made once for all tests.</summary>
internal static class LongRun
{
    private static readonly Lazy<RunReport> Made = new(() =>
        RunReport.Of(RunStories.Day().Entries, RunStory.Zero.AddDays(1).AddHours(1))
    );

    public static RunReport Report => Made.Value;

    public static Task<string> PageAsync(string language) =>
        HtmlReport.RenderAsync(Report, TextCatalog.For(language), TestContext.Current.CancellationToken);
}
