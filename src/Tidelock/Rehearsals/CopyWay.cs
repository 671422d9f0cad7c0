using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Rehearsals;

/// <summary>One way there and back on a copy.</summary>
/// <param name="Session">On the copy, as the role that makes moves.</param>
/// <param name="Trace">Writes down what is done.</param>
/// <param name="Old">What stood there before.</param>
/// <param name="Objects">What was there before SQL of the author's ran; null where none does.</param>
internal sealed record CopyWay(PostgresSession Session, CopyTrace Trace, CopyState Old, PresentObjects? Objects)
    : IAsyncDisposable
{
    public ValueTask DisposeAsync() => Trace.DisposeAsync();
}
