using System.CommandLine;
using Tidelock.Evidence;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Web;

namespace Tidelock.Cli.Verbs;

/// <summary>The evidence of a run, made from its journal; or the proof that the journal was not altered.</summary>
internal sealed class ReportVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string> format;
    private readonly Option<string?> file;
    private readonly Option<bool> verify;

    public ReportVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("report", texts.Render("cli.report.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        format = new Option<string>("--format")
        {
            Description = texts.Render("cli.report.format"),
            DefaultValueFactory = _ => "markdown",
        };
        format.AcceptOnlyFromAmong("markdown", "html", "json");
        Add(format);
        Add(file = new Option<string?>("--out") { Description = texts.Render("cli.report.out"), HelpName = "FILE" });
        Add(verify = new Option<bool>("--verify") { Description = texts.Render("cli.report.verify") });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(journal, context.Arguments.GetValue(run), _ => true, cancellation);
        var entries = await RunReader.EntriesAsync(journal, id, cancellation);
        if (context.Arguments.GetValue(verify))
        {
            return Verify(context, ChainVerification.Of(entries));
        }

        var report = RunReport.Of(entries, context.Time.GetUtcNow());
        var text = (context.Json ? "json" : context.Arguments.GetRequiredValue(format)) switch
        {
            "html" => await HtmlReport.RenderAsync(report, context.Texts, cancellation),
            "json" => ReportRenderer.Json(report),
            _ => ReportRenderer.Markdown(report, context.Texts),
        };
        await WriteAsync(context, text, cancellation);
        return ExitCode.Done;
    }

    private static ExitCode Verify(VerbContext context, ChainVerification chain)
    {
        foreach (var message in chain.Messages)
        {
            if (chain.IsSound)
            {
                context.Terminal.Say(message);
            }
            else
            {
                context.Terminal.Problem(message);
            }
        }

        return chain.IsSound ? ExitCode.Done : ExitCode.NeedsPerson;
    }

    private async Task WriteAsync(VerbContext context, string text, CancellationToken cancellation)
    {
        if (context.Arguments.GetValue(file) is not { } path)
        {
            context.Terminal.Print(text);
            return;
        }

        await OutputFile.WriteAsync(path, text, cancellation);
    }
}
