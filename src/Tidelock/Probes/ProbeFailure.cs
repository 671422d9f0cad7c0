using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>What went wrong with a source, for people.</summary>
internal static class ProbeFailure
{
    public static Message Of(Exception e) =>
        e is TidelockException known
            ? known.Problem
            : Message.Of("probes.failed", ("reason", e.GetBaseException().Message));
}
