namespace Tidelock.Runs;

/// <summary>
/// Append-only streams of events with compare-and-append, a fencing epoch per run, and an inbox of commands. It never lives in the
/// database a change is made in. Every call may be repeated: an append whose answer was lost is recognised by its event id.
/// Infrastructure that fails throws <see cref="JournalUnwritableException"/>.
/// </summary>
public interface IJournal : IAsyncDisposable
{
    /// <summary>Where it is, for people; no password.</summary>
    string Location { get; }

    /// <summary>
    /// Stores an entry if its stream ends just before it and <paramref name="epoch"/> is still the stream's newest.
    /// </summary>
    /// <param name="entry">The entry.</param>
    /// <param name="epoch">The writer's epoch; null for streams that have none.</param>
    /// <exception cref="RunTakenOverException">A newer epoch was taken.</exception>
    Task<AppendResult> AppendAsync(JournalEntry entry, long? epoch, CancellationToken cancellation);

    /// <summary>The entries of a stream in order, after a sequence number.</summary>
    IAsyncEnumerable<JournalEntry> ReadAsync(string stream, long after, CancellationToken cancellation);

    /// <summary>Takes the next epoch of a run: from now on appends of older ones are refused.</summary>
    /// <param name="run">The run.</param>
    /// <param name="after">The epoch this program has had; null when it takes hold of the run for the first time.</param>
    /// <exception cref="RunTakenOverException">Somebody took an epoch since <paramref name="after"/>.</exception>
    Task<long> TakeEpochAsync(RunId run, long? after, CancellationToken cancellation);

    /// <summary>The first and the last entry of every run, newest run first.</summary>
    Task<IReadOnlyList<RunHeads>> ListAsync(CancellationToken cancellation);

    /// <summary>Puts a person's command into a run's inbox. The same id twice is one command.</summary>
    Task SendAsync(RunCommand command, CancellationToken cancellation);

    /// <summary>All commands ever sent to a run, oldest first; which were taken is in the run's events.</summary>
    Task<IReadOnlyList<RunCommand>> InboxAsync(RunId run, CancellationToken cancellation);
}

/// <summary>What became of an append.</summary>
public enum AppendResult
{
    /// <summary>Stored now, or by an earlier try whose answer was lost.</summary>
    Stored,

    /// <summary>Another entry stands at this place.</summary>
    Conflict,
}

/// <summary>The first and last entry of a run.</summary>
public sealed record RunHeads(RunId Run, JournalEntry First, JournalEntry Last)
{
    internal static IReadOnlyList<RunHeads> Of(IEnumerable<JournalEntry> entries) =>
        [
            .. entries
                .GroupBy(e => e.Stream, StringComparer.Ordinal)
                .Select(g => new RunHeads(new RunId(g.Key), g.First(), g.Last())),
        ];
}

/// <summary>A command in a run's inbox.</summary>
/// <param name="Id">Made by the sender.</param>
/// <param name="Run">To which run.</param>
/// <param name="Verb">What is asked.</param>
/// <param name="Argument">Its argument; empty for none.</param>
/// <param name="By">Who asks.</param>
/// <param name="SentAt">When.</param>
public sealed record RunCommand(string Id, RunId Run, RunVerb Verb, string Argument, string By, DateTimeOffset SentAt)
{
    /// <summary>Those of an inbox that were not taken and not withdrawn.</summary>
    public static IReadOnlyList<RunCommand> Pending(IReadOnlyList<RunCommand> inbox, RunState state)
    {
        var withdrawn = inbox
            .Where(c => c.Verb is RunVerb.Withdraw)
            .Select(c => c.Argument)
            .ToHashSet(StringComparer.Ordinal);
        return [.. inbox.Where(c => !withdrawn.Contains(c.Id) && !state.TakenCommands.Contains(c.Id))];
    }
}
