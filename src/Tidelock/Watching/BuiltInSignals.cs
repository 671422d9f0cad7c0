using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>
/// The signals the watch itself yields, at a slower pace than probes: 1 is fine, 0 is broken. A broken value counts as many times
/// as its weight, and a breach takes two, so an ordinary fault is confirmed by a second look and a critical one is not.
/// </summary>
public static class BuiltInSignals
{
    /// <summary>The declared downstream queries.</summary>
    public const string Downstream = "downstream";

    /// <summary>The cheap part of the contract.</summary>
    public const string Contract = "contract";

    internal const double Confirmed = 2;

    internal static readonly string[] All = [Downstream, Contract];

    public static Sample Fine(string signal, DateTimeOffset at) => Sample.Of(signal, at, 1);

    /// <summary>Something broke that may be a passing fault.</summary>
    public static Sample Broken(string signal, DateTimeOffset at, Message what) =>
        Sample.Of(signal, at, 0) with
        {
            Detail = what,
        };

    /// <summary>Something broke that was declared critical: no second look.</summary>
    public static Sample BrokenForSure(string signal, DateTimeOffset at, Message what) =>
        Broken(signal, at, what) with
        {
            Weight = Confirmed,
        };

    /// <summary>
    /// A statement that was prepared before the migration and fails until it is prepared anew (SQLSTATE 0A000): told with the mend, and
    /// neither fine nor broken, because the data are not what is wrong.
    /// </summary>
    public static Sample Outdated(string signal, DateTimeOffset at, string what) =>
        Sample.NoData(signal, at, Message.Of("watching.outdated-plan", ("what", what)));
}
