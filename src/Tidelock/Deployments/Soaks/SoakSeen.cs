using Tidelock.Texts;

namespace Tidelock.Deployments.Soaks;

/// <summary>What a look found.</summary>
/// <param name="Breaches">What does not hold.</param>
/// <param name="Unseen">What could not be found out.</param>
/// <param name="Signals">The last value of each signal.</param>
internal sealed record SoakSeen(
    IReadOnlyList<Message> Breaches,
    IReadOnlyList<Message> Unseen,
    IReadOnlyDictionary<string, double> Signals
)
{
    private static readonly IReadOnlyDictionary<string, double> NoSignals = new Dictionary<string, double>(
        StringComparer.Ordinal
    );

    public static SoakSeen Fine { get; } = new([], [], NoSignals);

    public static SoakSeen Broken(IReadOnlyList<Message> what) => new(what, [], NoSignals);

    public static SoakSeen Blind(Message why) => new([], [why], NoSignals);

    /// <summary>Whether nothing else need be looked at.</summary>
    public bool IsOver => Breaches.Count + Unseen.Count > 0;
}
