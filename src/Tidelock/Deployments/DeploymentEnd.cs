using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>How a deployment, a resume or a rollback ended for the program that ran it.</summary>
/// <param name="ExitCode">What the program exits with.</param>
/// <param name="Finding">What happened, what is safe now, what to do next.</param>
/// <param name="Run">The run; null when none was begun.</param>
/// <param name="State">The run as its journal tells it; null when none was begun.</param>
public sealed record DeploymentEnd(ExitCode ExitCode, Message Finding, RunId? Run = null, RunState? State = null)
{
    internal static DeploymentEnd Of(RunId run, RunState state) =>
        new(
            state.Result switch
            {
                RunResult.Completed or RunResult.Undone => ExitCode.Done,
                RunResult.NothingChanged or RunResult.RolledBack => ExitCode.RolledBack,
                RunResult.Refused => ExitCode.Refused,
                RunResult.NeedsPerson or null => ExitCode.NeedsPerson,
            },
            state.Finding ?? Message.Of("deployments.open", ("run", run)),
            run,
            state
        );
}
