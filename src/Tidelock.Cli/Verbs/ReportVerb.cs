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

        var said = chain.With(findings).ToList();
        if (chain.IsSound)
        {
            said.AddRange(
                await BesideAsync(context, journal, RunState.Of(entries.Select(RunEvents.Parse)), cancellation)
            );
        }

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

        if (chain.IsSound && findings.Count == 0)
        {
            RunReport.Of(entries, context.Time.GetUtcNow()).AnchorsElsewhere.ToList().ForEach(context.Terminal.Say);
        }

        return said.All(s => s.Holds) ? ExitCode.Done : ExitCode.NeedsPerson;
    }

    /// <summary>
    /// What people said of the change and what was seen since stand in chains of their own. They are held against the heads that the run kept of them
    /// when it began, and those that stand where its anchors do.
    /// </summary>
    private async Task<IReadOnlyList<(Message Message, bool Holds)>> BesideAsync(
        VerbContext context,
        IJournal journal,
        RunState state,
        CancellationToken cancellation
    )
    {
        var said = new List<(Message, bool)>();
        var own = state.Started is { } started ? StreamAnchors.Of(started.Digest, started.TargetEnvironment) : [];
        foreach (var stream in own.Union(StreamAnchors.KeptBy(state), StringComparer.Ordinal))
        {
            var anchors = StreamAnchors.KeptBy(state, stream).ToList();
            foreach (var place in context.Arguments.GetValue(this.anchors) ?? [])
            {
                anchors.AddRange(await AnchorPlace.LookAsync(place, stream, cancellation));
            }

            said.AddRange(
                StreamVerification.Of(
                    stream,
                    await RunReader.EntriesAsync(journal, stream, cancellation),
                    [.. anchors.Distinct()]
                )
            );
        }

        return said;
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
