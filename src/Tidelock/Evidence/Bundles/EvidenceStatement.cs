using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Runs;

namespace Tidelock.Evidence.Bundles;

/// <summary>
/// What a run and the time after it came to, as an in-toto statement (v1): subjects are the change, the catalog it led to and the journal,
/// each by its digest; the predicate says what was done, seen and measured. Made from the journal alone. A public contract.
/// </summary>
public sealed record EvidenceStatement(
    [property: JsonPropertyName("_type")] string Type,
    IReadOnlyList<EvidenceSubject> Subject,
    string PredicateType,
    EvidencePredicate Predicate
)
{
    public const string StatementType = "https://in-toto.io/Statement/v1";

    public const string EvidenceType = "urn:tidelock:evidence:v1";

    public const string ChangePrefix = "change/";

    public const string CatalogPrefix = "catalog/";

    public const string JournalPrefix = "journal/";

    /// <summary>The statement about a run and the looks since; null where the run's first event cannot be read.</summary>
    /// <param name="entries">All entries of the run; their chain holds.</param>
    public static async Task<EvidenceStatement?> OfAsync(
        IJournal journal,
        IReadOnlyList<JournalEntry> entries,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        if (entries is not [var first, ..] || RunEvents.Parse(first) is not RunStarted started)
        {
            return null;
        }

        var looks = await new SoakBook(journal, started.Digest, started.TargetEnvironment)
            .ReadAsync(cancellation)
            .ConfigureAwait(false);
        var runs = await journal.ListAsync(cancellation).ConfigureAwait(false);
        var superseded = runs.TakeWhile(r => !string.Equals(r.Run.Value, first.Stream, StringComparison.Ordinal))
            .Any(r =>
                RunEvents.Parse(r.First) is RunStarted later
                && string.Equals(later.Digest, started.Digest, StringComparison.Ordinal)
                && string.Equals(later.TargetEnvironment, started.TargetEnvironment, StringComparison.Ordinal)
            );
        return Of(entries, looks, superseded, now);
    }

    /// <param name="entries">All entries of the run, with its first event; their chain holds.</param>
    /// <param name="looks">Those at its digest in its environment.</param>
    /// <param name="superseded">Whether this digest was begun there again since.</param>
    /// <param name="now">The time of the statement.</param>
    internal static EvidenceStatement Of(
        IReadOnlyList<JournalEntry> entries,
        IReadOnlyList<SoakLook> looks,
        bool superseded,
        DateTimeOffset now
    )
    {
        var events = entries.Select(RunEvents.Parse).ToList();
        var report = RunReport.Of(entries, now);
        var header = report.Header!;
        return new EvidenceStatement(
            StatementType,
            [
                EvidenceSubject.Of(ChangePrefix + header.Change, header.Digest),
                .. Catalog(RunState.Of(events)),
                EvidenceSubject.Of(JournalPrefix + report.Run, report.Chain.Head),
            ],
            EvidenceType,
            EvidencePredicate.Of(report, looks, superseded, now)
        );
    }

    /// <summary>The digest a kind of subject has; null where it is not among them.</summary>
    public string? DigestOf(string prefix) =>
        Subject.FirstOrDefault(s => s.Name.StartsWith(prefix, StringComparison.Ordinal))?.Digest.Sha256;

    public string ToJson() => JsonSerializer.Serialize(this, EvidenceJson.Readable.EvidenceStatement);

    internal static EvidenceStatement? Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, EvidenceJson.Default.EvidenceStatement);

    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, EvidenceJson.Readable.EvidenceStatement);

    /// <summary>The closure of the relation as it was verified; none for a change that is about no relation.</summary>
    private static IEnumerable<EvidenceSubject> Catalog(RunState state) =>
        state.Fact("verify", "closure") is { } verified
        && verified.TryGetProperty("relation", out var relation)
        && verified.TryGetProperty("closure", out var closure)
            ?
            [
                EvidenceSubject.Of(
                    $"{CatalogPrefix}{relation.GetProperty("schema")}.{relation.GetProperty("name")}",
                    CanonicalJson.DigestOf(closure)
                ),
            ]
            : [];
}

/// <summary>Something a statement is about.</summary>
public sealed record EvidenceSubject(string Name, EvidenceDigest Digest)
{
    internal static EvidenceSubject Of(string name, string sha256) => new(name, new EvidenceDigest(sha256));
}

/// <summary>By which it is known.</summary>
public sealed record EvidenceDigest(string Sha256);
