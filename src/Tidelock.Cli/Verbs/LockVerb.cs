using System.CommandLine;
using Tidelock.Contracts;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Makes the database refuse DDL that would break the change's contract.</summary>
internal sealed class LockVerb : Verb
{
    private readonly ContractOptions contract;
    private readonly Option<string?> confirm;

    public LockVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("lock", texts.Render("cli.lock.help"), at)
    {
        contract = new ContractOptions(texts);
        contract.AddTo(this);
        Add(confirm = DatabaseName.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await contract.ReadAsync(context, cancellation) is not { } named)
        {
            return EndLine.PrintMistaken(context);
        }

        var (request, promised, relation) = named;
        await using var session = await PostgresSession.OpenAsync(request.Target, "tidelock/lock", cancellation);
        DatabaseName.Require(context, request.Target.Database, context.Arguments.GetValue(confirm));
        var drift = await ContractVerifier.ShapeAsync(session, promised, cancellation);
        if (drift.Count > 0)
        {
            drift.ToList().ForEach(context.Terminal.Problem);
            return EndLine.Show(context, ExitCode.NeedsPerson, Message.Of("cli.lock.broken", ("relation", relation)));
        }

        var unlock = contract.Typed(context, "unlock", named);
        var refusal = await new ContractLock(promised, relation, request.Change.Name, unlock).InstallAsync(
            session,
            request.By,
            context.Texts,
            cancellation
        );
        if (refusal is null)
        {
            return EndLine.Show(
                context,
                ExitCode.Done,
                Message.Of("cli.lock.locked", ("relation", relation), ("way", unlock))
            );
        }

        var verify = contract.Typed(context, "verify", named);
        return EndLine.Show(
            context,
            ExitCode.Refused,
            Message.Of("cli.lock.instead", ("refusal", refusal), ("way", verify))
        );
    }
}
