using System.CommandLine;
using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Holds a database to the change's contract: shape and every column of every row. Changes nothing.</summary>
internal sealed class VerifyVerb : Verb
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    private readonly ChangeOptions change;

    public VerifyVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("verify", texts.Render("cli.verify.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        var contract = request.Change.Section<Contract>();
        if (contract.Relation is not { } relation)
        {
            context.Terminal.Problem(
                Message.Of("cli.contract.none", ("change", request.Change.Name), ("target", request.Target))
            );
            return EndLine.PrintMistaken(context);
        }

        var (findings, rows) = await FindAsync(context, request, contract, cancellation);
        foreach (var finding in findings)
        {
            context.Terminal.Problem(finding);
        }

        if (findings.Count > 0)
        {
            context.Terminal.Problem(
                Message.Of("cli.contract.broken", ("relation", relation), ("count", findings.Count))
            );
            return ExitCode.NeedsPerson;
        }

        context.Terminal.Say(Message.Of("cli.contract.holds", ("relation", relation), ("rows", rows)));
        return ExitCode.Done;
    }

    /// <summary>The content is only worth reading where the shape holds.</summary>
    private static async Task<(IReadOnlyList<Message> Findings, long Rows)> FindAsync(
        VerbContext context,
        DeploymentRequest request,
        Contract contract,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession.OpenAsync(request.Target, "tidelock/verify", cancellation);
        var drift = await ContractVerifier.ShapeAsync(session, contract, cancellation);
        if (drift.Count > 0)
        {
            return (drift, 0);
        }

        var content = await ContractVerifier.ContentAsync(session, contract, Limit, context.Time, cancellation);
        return (content.Violations, content.Rows);
    }
}
