using Tidelock.Texts;

namespace Tidelock.Probes.Synthetic;

/// <summary>How one read fared.</summary>
/// <param name="At">When it ended.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Took">From its sending to its last row.</param>
/// <param name="Problem">What went wrong; null where nothing did.</param>
internal sealed record SyntheticRead(DateTimeOffset At, ReadOutcome Outcome, TimeSpan Took, Message? Problem = null);

/// <summary>What comes of a read.</summary>
internal enum ReadOutcome
{
    Done,

    /// <summary>The server refused it.</summary>
    Failed,

    /// <summary>It took longer than it may: it failed, and it counts among the slow ones.</summary>
    TooSlow,

    /// <summary>A prepared statement whose columns have changed beneath it (0A000): for the client to mend, and no fault of the data.</summary>
    CachedPlan,

    /// <summary>No answer came, not even that it took too long.</summary>
    Lost,

    /// <summary>The server was not reached, or the role could not be taken: we have not read at all.</summary>
    NotAsked,
}
