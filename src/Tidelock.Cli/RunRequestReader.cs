using Tidelock.Deployments;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>The change of a run that is already in the journal: from its folder, or from where somebody says it is now.</summary>
internal static class RunRequestReader
{
    /// <summary>Null after the change's mistakes were shown.</summary>
    /// <exception cref="TidelockException">The run's first event is missing.</exception>
    public static async Task<DeploymentRequest?> ReadAsync(
        VerbContext context,
        RunId run,
        RunState state,
        string? folder,
        string? by,
        CancellationToken cancellation
    )
    {
        var started =
            state.Started
            ?? throw new TidelockException(Message.Of("deployments.no-such-run", ("run", run)), ExitCode.Mistake);
        var person = await Person.OfAsync(by, context.Variables, cancellation);
        return ChangeOptions.Request(context, folder ?? started.Folder, started.TargetEnvironment, person);
    }
}
