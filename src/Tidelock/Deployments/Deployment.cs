using Tidelock.Gates;
using Tidelock.Runs;

namespace Tidelock.Deployments;

/// <summary>The whole way: checklist, run, resume, rollback. What the command line and the demo call.</summary>
public sealed class Deployment
{
    /// <summary>Every gate as it stands now; changes nothing.</summary>
    public Task<IReadOnlyList<GateStanding>> ChecklistAsync(
        DeploymentRequest request,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    /// <summary>Evaluates the gates, begins a run and stays with it to its end.</summary>
    public Task<DeploymentEnd> StartAsync(
        DeploymentRequest request,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    /// <summary>Goes on with a run whose program was killed, stopped or suspended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="request">The same change (by digest) and environment.</param>
    /// <param name="takeOver">Whether a program that still holds the run lock is pushed aside.</param>
    /// <param name="terminal">Where it is seen and spoken to from.</param>
    public Task<DeploymentEnd> ResumeAsync(
        RunId run,
        DeploymentRequest request,
        bool takeOver,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    /// <summary>Takes the change back: a list of steps in the same journal, also days after the run ended.</summary>
    /// <param name="method"><c>definition</c>, <c>downgrade</c> or <c>backup</c>.</param>
    public Task<DeploymentEnd> RollBackAsync(
        RunId run,
        DeploymentRequest request,
        string method,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    ) => throw new NotSupportedException();
}
