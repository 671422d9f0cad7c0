using System.Threading.Channels;
using Tidelock.Runs;

namespace Tidelock.Deployments;

/// <summary>Where a run is seen and spoken to from: whoever looks on, the person who can be asked, the signals that arrive.</summary>
/// <param name="Observer">Sees every event and every progress message; must not throw or block.</param>
/// <param name="Dialogue">The person at the terminal.</param>
/// <param name="Requests">Ctrl-C, SIGTERM and the like are written here by the program's signal handlers.</param>
public sealed record DeploymentTerminal(IRunObserver Observer, IRunDialogue Dialogue, Channel<RunRequest> Requests);
