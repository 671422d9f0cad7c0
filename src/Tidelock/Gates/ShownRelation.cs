using System.Text.Json;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;

namespace Tidelock.Gates;

/// <summary>
/// The relation of a change with all that hangs on it: what stood there when a plan was shown, so that an approval is of that and counts
/// no more when somebody has changed it since.
/// </summary>
public static class ShownRelation
{
    /// <summary>The database, and the relation as it stands now; null for the latter where the change is about none.</summary>
    /// <exception cref="TidelockException">The database cannot be reached.</exception>
    internal static async Task<(string Target, RunBaseline? Relation)> ReadAsync(
        Change change,
        PostgresTarget target,
        CancellationToken cancellation
    )
    {
        await using var session = await OpenAsync(target, cancellation).ConfigureAwait(false);
        var database = await DatabaseAsync(session, cancellation).ConfigureAwait(false);
        return RunBaseline.RelationOf(change) is { } relation
            ? (database, await ReadAsync(relation, session, cancellation).ConfigureAwait(false))
            : (database, null);
    }

    /// <summary>The database that a target leads to.</summary>
    /// <exception cref="TidelockException">It cannot be reached.</exception>
    internal static async Task<ServerIdentity> IdentityAsync(PostgresTarget target, CancellationToken cancellation)
    {
        await using var session = await OpenAsync(target, cancellation).ConfigureAwait(false);
        return await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
    }

    /// <summary>The database, whatever address led there.</summary>
    internal static async Task<string> DatabaseAsync(PostgresSession session, CancellationToken cancellation) =>
        DatabaseOf(await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false));

    internal static string DatabaseOf(ServerIdentity identity) => $"{identity.SystemIdentifier}/{identity.Database}";

    internal static async Task<RunBaseline> ReadAsync(
        RelationName relation,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var found = await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false);
        return new RunBaseline(relation, found.ClosureOrNull, null);
    }

    /// <summary>Keeps what a plan showed, once for as long as it stays the same.</summary>
    internal static async Task RecordAsync(
        WordBook book,
        (string Target, RunBaseline? Relation) shown,
        IReadOnlyList<string>? foreseen,
        string by,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        JsonElement? seen = shown.Relation is { } relation
            ? JsonSerializer.SerializeToElement(relation, RollbacksJson.Default.RunBaseline)
            : null;
        var last = await LastAsync(book, cancellation).ConfigureAwait(false);
        if (
            last is null
            || last.Target != shown.Target
            || !IsSame(last.Seen, seen)
            || !(last.Foreseen ?? []).SequenceEqual(foreseen ?? [], StringComparer.Ordinal)
        )
        {
            var word = new Word(WordKind.Shown, ApprovalGate.Key, by, "", time.GetUtcNow(), Environment.MachineName);
            await book.AddAsync(word with { Seen = seen, Target = shown.Target, Foreseen = foreseen }, cancellation)
                .ConfigureAwait(false);
        }
    }

    private static bool IsSame(JsonElement? one, JsonElement? other) =>
        one is { } first && other is { } second
            ? JsonElement.DeepEquals(first, second)
            : one.HasValue == other.HasValue;

    /// <summary>The plan that an approval of this change is of now; null where none was shown.</summary>
    public static async Task<Word?> LastAsync(WordBook book, CancellationToken cancellation) =>
        (await book.ReadAsync(cancellation).ConfigureAwait(false)).LastOrDefault(w => w.Kind == WordKind.Shown);

    /// <summary>Whether an approval of it is of what a plan showed.</summary>
    public static bool IsNeeded(Change change) => RunBaseline.RelationOf(change) is not null;

    /// <summary>What is not as the giver of a word was shown it, but for what goes with somebody's session; empty where all is.</summary>
    internal static async Task<IReadOnlyList<ClosureDifference>> DifferencesAsync(
        Word word,
        RunBaseline now,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var seen = word.Seen!.Value.Deserialize(RollbacksJson.Default.RunBaseline)!;
        var differences = await ClosureComparison
            .DifferencesAsync(session, seen.Closure?.Lasting, now.Closure?.Lasting, cancellation)
            .ConfigureAwait(false);
        return [.. differences.Where(d => d.Part != ClosurePart.Populated)];
    }

    internal static Task<PostgresSession> OpenAsync(PostgresTarget target, CancellationToken cancellation) =>
        PostgresSession.OpenAsync(target, "tidelock/approval", cancellation);
}
