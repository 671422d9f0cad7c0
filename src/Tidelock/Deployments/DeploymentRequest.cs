using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Runs;

namespace Tidelock.Deployments;

/// <summary>A change, a place, and who asks.</summary>
/// <param name="Change">What is to be deployed, already read for this environment.</param>
/// <param name="TargetEnvironment">Where.</param>
/// <param name="Target">Its database.</param>
/// <param name="By">Who runs the program: the person, not the role.</param>
public sealed record DeploymentRequest(
    Change Change,
    TargetEnvironment TargetEnvironment,
    PostgresTarget Target,
    string By
)
{
    /// <summary>Whether what this machine cannot rehearse on a copy may be tried on the target, in a transaction that is rolled back.</summary>
    public bool OnTarget { get; init; }

    /// <summary>When the change is to be made; null for as soon as all is ready.</summary>
    public Appointment? Appointment { get; init; }
}
