using Tidelock.Deployments;
using Tidelock.Runs;

namespace Tidelock;

/// <summary>What a program decides before anything is opened.</summary>
/// <param name="Journal">A file, or a <c>postgresql://</c> address.</param>
/// <param name="Time">The clock.</param>
public sealed record TidelockSettings(string Journal, TimeProvider Time)
{
    /// <summary>How long a run waits for a lost database and for its journal.</summary>
    public RunPatience Patience { get; init; } = new();

    /// <summary>Puts something around the journal before anybody uses it.</summary>
    public Func<IJournal, IJournal> Decorate { get; init; } = journal => journal;
}
