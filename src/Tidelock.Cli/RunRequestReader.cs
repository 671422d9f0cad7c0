using Tidelock.Deployments;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>The change of a run that is already in the journal: from its folder, from the journal, or from where somebody says it is now.</summary>
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
        var path = folder ?? await FolderAsync(context, state, started, cancellation);
        return ChangeOptions.Request(context, path, started.TargetEnvironment, person);
    }

    /// <summary>The folder the run began from; where that is gone or was edited since, the files as the journal kept them.</summary>
    private static async Task<string> FolderAsync(
        VerbContext context,
        RunState state,
        RunStarted started,
        CancellationToken cancellation
    )
    {
        var now = TidelockServices
            .ChangeLoader.Load(started.Folder, started.TargetEnvironment, context.Variables)
            .Change;
        if (string.Equals(now?.Digest, started.Digest, StringComparison.Ordinal))
        {
            return started.Folder;
        }

        var kept = Path.Combine(StateFolder.Of(context.Variables), "changes", started.Digest);
        return await RunFiles.WriteAsync(state, kept, cancellation) ? kept : started.Folder;
    }
}
