using System.CommandLine;
using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>A change whose contract is meant: the words that verify, lock and unlock share.</summary>
internal sealed class ContractOptions(TextCatalog texts)
{
    private readonly ChangeOptions change = new(texts);

    public void AddTo(Command command) => change.AddTo(command);

    /// <summary>The contract and where it holds; null after the mistakes were shown.</summary>
    public async Task<NamedContract?> ReadAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return null;
        }

        var contract = request.Change.Section<Contract>();
        if (contract.Relation is { } relation)
        {
            return new NamedContract(request, contract, relation);
        }

        context.Terminal.Problem(
            Message.Of("cli.contract.none", ("change", request.Change.Name), ("target", request.Target))
        );
        return null;
    }

    /// <summary>What to type for another verb about the same contract.</summary>
    public string Typed(VerbContext context, string verb, NamedContract contract) =>
        $"tidelock {verb} {context.Arguments.GetRequiredValue(change.Change)} --env {contract.Request.TargetEnvironment.Name}";
}

/// <summary>A contract that names a relation, of a change for one environment.</summary>
internal sealed record NamedContract(DeploymentRequest Request, Contract Contract, RelationName Relation);
