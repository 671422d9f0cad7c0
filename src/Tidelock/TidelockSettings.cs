using Tidelock.Runs;

namespace Tidelock;

/// <summary>What a program decides before anything is opened.</summary>
/// <param name="Journal">A file, or a <c>postgresql://</c> address.</param>
/// <param name="Time">The clock.</param>
public sealed record TidelockSettings(string Journal, TimeProvider Time)
{
    /// <summary>How long a lost database is waited for before the run is left to <c>tidelock resume</c>.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Puts something around the journal before anybody uses it.</summary>
    public Func<IJournal, IJournal> Decorate { get; init; } = journal => journal;
}
