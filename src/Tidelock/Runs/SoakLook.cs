using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// One look at a change that is in place since its run was completed: contract, closure, criteria of the watch. It belongs to the digest in
/// the environment, and stands in a stream of its own.
/// </summary>
/// <param name="Run">The completed run whose change is looked at.</param>
/// <param name="From">When the look began.</param>
/// <param name="At">When it ended: from the look before to here the change was in place.</param>
/// <param name="By">Who asked for it.</param>
/// <param name="Host">On which machine.</param>
/// <param name="Breaches">What did not hold.</param>
/// <param name="Unseen">What could not be found out: such a look says nothing.</param>
/// <param name="Signals">The last value of each signal.</param>
public sealed record SoakLook(
    string Run,
    DateTimeOffset From,
    DateTimeOffset At,
    string By,
    string Host,
    IReadOnlyList<Message> Breaches,
    IReadOnlyList<Message> Unseen,
    IReadOnlyDictionary<string, double> Signals
)
{
    /// <summary>How far looks may be apart by the change; null in what older versions kept.</summary>
    public TimeSpan? Gap { get; init; }

    public const string KindName = "SoakLooked";

    /// <summary>As in the entry's column, so that the chain can be verified.</summary>
    public string Kind => KindName;
}
