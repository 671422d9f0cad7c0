using System.CommandLine;
using Tidelock.Contracts;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Takes away what <c>lock</c> installed.</summary>
internal sealed class UnlockVerb : Verb
{
    private readonly ContractOptions contract;
    private readonly Option<string?> confirm;

    public UnlockVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("unlock", texts.Render("cli.unlock.help"), at)
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
        await using var session = await PostgresSession.OpenAsync(request.Target, "tidelock/unlock", cancellation);
        DatabaseName.Require(context, request.Target.Database, context.Arguments.GetValue(confirm));
        var removal = await new ContractLock(promised, relation, request.Change.Name, "").RemoveAsync(
            session,
            cancellation
        );
        return removal is null
            ? EndLine.Show(context, ExitCode.Done, Message.Of("cli.lock.unlocked", ("relation", relation)))
            : EndLine.Show(context, ExitCode.Refused, removal);
    }
}
