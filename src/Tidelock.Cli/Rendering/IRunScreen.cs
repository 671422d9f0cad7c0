using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>Where a run is seen: drawn over, as lines, or as JSON. A double is in nobody's way: tests look at the text.</summary>
internal interface IRunScreen : IRunObserver, IAsyncDisposable
{
    /// <summary>Asks for one of the keys while the run goes on; null where nobody can answer.</summary>
    Task<char?> AskAsync(Message question, string keys, CancellationToken cancellation);
}
