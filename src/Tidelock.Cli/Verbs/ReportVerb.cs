using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Evidence;
using Tidelock.Evidence.Anchors;
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
    private readonly Option<string[]> anchors;

    public ReportVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("report", texts.Render("cli.report.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        format = new Option<string>("--format")
        {
            Description = texts.Render("cli.report.format"),
            DefaultValueFactory = _ => "markdown",
        };
        format.AcceptOnlyFromAmong("markdown", "html", "json", "junit");
        Add(format);
        Add(file = new Option<string?>("--out") { Description = texts.Render("cli.report.out"), HelpName = "FILE" });
        Add(verify = new Option<bool>("--verify") { Description = texts.Render("cli.report.verify") });
        Add(
            anchors = new Option<string[]>("--anchor")
            {
                Description = texts.Render("cli.report.anchor"),
                HelpName = "git|FILE|TEXT",
            }
        );
        Validators.Add(result =>
        {
            if (result.GetValue(anchors) is [_, ..] && !result.GetValue(verify))
            {
                result.AddError(texts.Render("cli.report.anchor-alone"));
            }
        });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(journal, context.Arguments.GetValue(run), _ => true, cancellation);
        var entries = await RunReader.EntriesAsync(journal, id, cancellation);
        if (context.Arguments.GetValue(verify))
        {
            return await VerifyAsync(context, journal, id, entries, cancellation);
        }

        var report = await RunReport.Of(entries, context.Time.GetUtcNow()).WithSoakAsync(journal, cancellation);
        var text = (context.Json ? "json" : context.Arguments.GetRequiredValue(format)) switch
        {
            "html" => await HtmlReport.RenderAsync(report, context.Texts, cancellation),
            "json" => ReportRenderer.Json(report),
            "junit" => RunJUnit.Of(report, context.Texts),
            _ => ReportRenderer.Markdown(report, context.Texts),
        };
        await WriteAsync(context, text, cancellation);
        return ExitCode.Done;
    }

    /// <summary>First what the chain proves by itself, then what the anchors add to it, then what is left unproven.</summary>
    private async Task<ExitCode> VerifyAsync(
        VerbContext context,
        IJournal journal,
        RunId run,
        IReadOnlyList<JournalEntry> entries,
        CancellationToken cancellation
    )
    {
        var chain = ChainVerification.Of(entries);
        var findings = new List<AnchorFinding>();
        foreach (var place in context.Arguments.GetValue(anchors) ?? [])
        {
            var found = await AnchorPlace.FindAsync(place, run.Value, cancellation);
            findings.AddRange(found.Select(a => AnchorFinding.Of(a, entries)));
        }

        var said = chain.With(findings);
        foreach (var (message, holds) in said)
        {
            if (holds)
            {
                context.Terminal.Say(message);
            }
            else
            {
                context.Terminal.Problem(message);
            }
        }

        if (chain.IsSound && RunEvents.Parse(entries[0]) is RunStarted started)
        {
            context.Terminal.Say(await BesideAsync(journal, started, cancellation));
        }

        if (chain.IsSound && findings.Count == 0)
        {
            RunReport.Of(entries, context.Time.GetUtcNow()).AnchorsElsewhere.ToList().ForEach(context.Terminal.Say);
        }

        return said.All(s => s.Holds) ? ExitCode.Done : ExitCode.NeedsPerson;
    }

    /// <summary>What people said of the change and what was seen since stand in chains of their own, which are held when they are read.</summary>
    private static async Task<Message> BesideAsync(IJournal journal, RunStarted started, CancellationToken cancellation)
    {
        var (digest, environment) = (started.Digest, started.TargetEnvironment);
        var words = await new WordBook(journal, digest, environment).ReadAsync(cancellation);
        var looks = await new SoakBook(journal, digest, environment).ReadAsync(cancellation);
        return Message.Of("evidence.chain.beside", ("words", words.Count), ("looks", looks.Count));
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
