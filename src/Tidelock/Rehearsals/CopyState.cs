using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>What stood on the copy at one moment.</summary>
/// <param name="Closure">The relation with all that hangs on it; null where there is none, or the change names none.</param>
/// <param name="Schema">The whole schema; null where no SQL of the author's own runs, so that nothing else can change.</param>
internal sealed record CopyState(RelationClosure? Closure, SchemaText? Schema)
{
    /// <summary>What is not as it was in the relation and all that hangs on it.</summary>
    public async Task<IReadOnlyList<Message>> DifferencesAsync(
        PostgresSession session,
        CopyState later,
        CancellationToken cancellation
    )
    {
        var differences = await ClosureComparison
            .DifferencesAsync(session, Closure, later.Closure, cancellation)
            .ConfigureAwait(false);
        return differences.Texts();
    }

    /// <summary>What is not as it was in the rest of the schema.</summary>
    /// <param name="viewsToo">Whether the text of views counts, which the closure of a relation compares better.</param>
    public IReadOnlyList<Message> RestOf(CopyState later, bool viewsToo) =>
        Schema is null || later.Schema is null ? [] : Schema.Differences(later.Schema, viewsToo);
}
