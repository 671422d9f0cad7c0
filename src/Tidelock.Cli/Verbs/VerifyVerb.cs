using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Contracts;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Holds a database to the change's contract: shape and every column of every row. Changes nothing.</summary>
internal sealed class VerifyVerb : Verb
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly ContractOptions contract;
    private readonly Option<string?> junit;
    private readonly Option<bool> github;

    public VerifyVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("verify", texts.Render("cli.verify.help"), at)
    {
        contract = new ContractOptions(texts);
        contract.AddTo(this);
        Add(junit = new("--junit") { Description = texts.Render("cli.verify.junit"), HelpName = "FILE" });
        Add(github = new("--github") { Description = texts.Render("cli.verify.github") });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await contract.ReadAsync(context, cancellation) is not var (request, named, relation))
        {
            return EndLine.PrintMistaken(context);
        }

        if (context.Json && context.Arguments.GetValue(github))
        {
            throw new TidelockException(Message.Of("cli.verify.one-output"), ExitCode.Mistake);
        }

        var started = context.Time.GetTimestamp();
        await using var session = await PostgresSession.OpenAsync(request.Target, "tidelock/verify", cancellation);
        var report = await ContractVerifier.ReportAsync(session, named, Limit, context.Time, cancellation);
        if (context.Arguments.GetValue(junit) is { } file)
        {
            var xml = JUnitReport.Of(report, request, context.Time.GetElapsedTime(started), context.Texts);
            await OutputFile.WriteAsync(file, xml, cancellation);
        }

        if (context.Json)
        {
            context.Terminal.Print(ContractLine.Of(request, report, context.Texts).ToJson() + "\n");
        }
        else
        {
            Say(context, report, relation);
        }

        if (context.Arguments.GetValue(github))
        {
            context.Terminal.Print(GitHubAnnotations.Of(request.Change, report, context.Texts));
        }

        return report.Holds ? ExitCode.Done : ExitCode.NeedsPerson;
    }

    private static void Say(VerbContext context, ContractReport report, RelationName relation)
    {
        foreach (var finding in report.Findings)
        {
            context.Terminal.Problem(finding);
        }

        if (report.Holds)
        {
            context.Terminal.Say(Message.Of("cli.contract.holds", ("relation", relation), ("rows", report.Rows)));
        }
        else
        {
            context.Terminal.Problem(
                Message.Of("cli.contract.broken", ("relation", relation), ("count", report.Findings.Count()))
            );
        }
    }
}
