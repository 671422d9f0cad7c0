using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>How a backup was restored and the whole way gone on its data. What passed is kept beside the backup; a run journals it either way.</summary>
/// <param name="ManifestDigest">Of which backup.</param>
/// <param name="At">When it was over.</param>
/// <param name="RestoreTook">How long the restore took.</param>
/// <param name="TablesCompared">How many tables had exactly the rows of the manifest.</param>
/// <param name="TablesUncounted">How many had no exact count in the manifest to compare with.</param>
public sealed record RehearsalRecord(
    string ManifestDigest,
    DateTimeOffset At,
    TimeSpan RestoreTook,
    int TablesCompared,
    int TablesUncounted
)
{
    /// <summary>The name of the fact that the step <c>backup</c> journals it as.</summary>
    internal const string Fact = "rehearsal";

    /// <summary>With which change the way was gone; null in a record from when a backup was only restored and counted.</summary>
    public string? ChangeDigest { get; init; }

    /// <summary>Who asked for it.</summary>
    public string? By { get; init; }

    /// <summary>The run that did it; null for a rehearsal ahead of any.</summary>
    public string? Run { get; init; }

    /// <summary>The way back that was taken.</summary>
    public string? Method { get; init; }

    /// <summary>In which environment; null in a record of an earlier version, which no run takes.</summary>
    public string? Environment { get; init; }

    /// <summary>The digest of the target's closure, as the restored copy was held against it.</summary>
    public string? Closure { get; init; }

    /// <summary>The run that took it for its own: it changes the database afterwards, so no other may. Null for none yet.</summary>
    public string? UsedBy { get; init; }

    /// <summary>The backup.</summary>
    public string? Path { get; init; }

    /// <summary>Its bytes.</summary>
    public long Size { get; init; }

    /// <summary>Of which moment its data are.</summary>
    public DateTimeOffset? TakenAt { get; init; }

    /// <summary>How long it took in all, the throwaway server's start included.</summary>
    public TimeSpan WholeTook { get; init; }

    /// <summary>What was done, in order; the last may have failed.</summary>
    public IReadOnlyList<RehearsedPart> Parts
    {
        // What a record of an earlier version does not name is null when it is read.
        get => field ?? [];
        init;
    }

    /// <summary>Of which tables the data were restored; null for all.</summary>
    public RehearsedSubset? Subset { get; init; }

    /// <summary>What differs from the real server, and what could not be looked at.</summary>
    public IReadOnlyList<Message> Notes
    {
        get => field ?? [];
        init;
    }

    /// <summary>Why it proves nothing; null when it does.</summary>
    [JsonIgnore]
    public RehearsedPart? Failed => Parts.FirstOrDefault(p => !p.Passed);

    /// <summary>The recovery time that may be promised; null where it proves nothing, or only a part of the data was restored.</summary>
    [JsonIgnore]
    public TimeSpan? Promised => Passed && Subset is null ? RestoreTook : null;

    /// <summary>What it was done on, and what may be promised.</summary>
    [JsonIgnore]
    public Message Summary =>
        Message.Of(
            Passed ? "rehearsals.data.summary" : "rehearsals.data.summary-failed",
            ("taken", TakenAt),
            ("size", Sizes.Short(Size)),
            ("took", RestoreTook),
            ("whole", WholeTook),
            ("at", At),
            ("by", By)
        );

    [JsonIgnore]
    public bool Passed => Parts.All(p => p.Passed);

    /// <summary>Whether it proves this change on this data: with all the tables that the change asks for.</summary>
    internal bool Proves(string changeDigest) =>
        Passed && Parts.Count > 0 && string.Equals(ChangeDigest, changeDigest, StringComparison.Ordinal);

    /// <summary>Why what it proves is not what a run needs, as far as that can be known without the database; null where it is.</summary>
    internal Message? Misfit(RehearsalNeed need) =>
        !string.Equals(Environment, need.Environment, StringComparison.Ordinal)
            ? Message.Of(
                "backups.rehearsal.other-environment",
                ("rehearsed", Environment ?? "?"),
                ("environment", need.Environment)
            )
        : !string.Equals(Method, need.Method, StringComparison.Ordinal)
            ? Message.Of("backups.rehearsal.other-method", ("rehearsed", Method ?? "?"), ("method", need.Method))
        : (UsedBy ?? Run) is { } user && !string.Equals(user, need.Run, StringComparison.Ordinal)
            ? Message.Of("backups.rehearsal.used", ("run", user))
        : null;

    /// <summary>Why it does not hold for the target as it is now; null where it does.</summary>
    internal Message? Drift(RelationClosure? now) =>
        string.Equals(Closure, ClosureOf(now), StringComparison.Ordinal)
            ? null
            : Message.Of("backups.rehearsal.drifted", ("at", At));

    /// <summary>The digest of a closure, without what goes with somebody's session; a word where there is none.</summary>
    internal static string ClosureOf(RelationClosure? closure) =>
        closure is null
            ? "none"
            : Convert.ToHexStringLower(
                SHA256.HashData(
                    JsonSerializer.SerializeToUtf8Bytes(closure.Lasting, RelationsJson.Default.RelationClosure)
                )
            );
}

/// <summary>What a rehearsal must have been of, so that a run may take its backup.</summary>
/// <param name="Method">The change's way back.</param>
/// <param name="Environment">Where it is deployed.</param>
/// <param name="Run">The run; null ahead of any.</param>
internal sealed record RehearsalNeed(string Method, string Environment, string? Run);

/// <summary>One part of a rehearsal.</summary>
/// <param name="Part">Which.</param>
/// <param name="Passed">Whether it went as it must.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Finding">What was found.</param>
public sealed record RehearsedPart(RehearsalPart Part, bool Passed, TimeSpan Took, Message Finding)
{
    /// <summary>A part's name for people.</summary>
    public static Message NameOf(RehearsalPart part) =>
        part switch
        {
            RehearsalPart.Restore => Message.Of("rehearsals.data.part.restore"),
            RehearsalPart.Counts => Message.Of("rehearsals.data.part.counts"),
            RehearsalPart.Before => Message.Of("rehearsals.data.part.before"),
            RehearsalPart.Migrate => Message.Of("rehearsals.data.part.migrate"),
            RehearsalPart.Verify => Message.Of("rehearsals.data.part.verify"),
            RehearsalPart.Back => Message.Of("rehearsals.data.part.back"),
            RehearsalPart.FixPoints => Message.Of("rehearsals.data.part.fix-points"),
            RehearsalPart.Again => Message.Of("rehearsals.data.part.again"),
        };
}

/// <summary>The parts of a rehearsal, in order.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RehearsalPart>))]
public enum RehearsalPart
{
    /// <summary>pg_restore, and ANALYZE, without which nobody may be let in.</summary>
    Restore,

    /// <summary>Rows against the manifest.</summary>
    Counts,

    /// <summary>What was there before the change, against the target.</summary>
    Before,

    /// <summary>The change.</summary>
    Migrate,

    /// <summary>The contract for every row, and the checks.</summary>
    Verify,

    /// <summary>The change's own way back.</summary>
    Back,

    /// <summary>Catalog and contents against what was there before.</summary>
    FixPoints,

    /// <summary>The change once more.</summary>
    Again,
}

/// <summary>A rehearsal of a part of the data.</summary>
/// <param name="Tables">Those whose rows were restored, partitions included.</param>
/// <param name="Of">How many tables the backup has.</param>
public sealed record RehearsedSubset(IReadOnlyList<string> Tables, int Of)
{
    /// <summary>Said wherever the rehearsal is.</summary>
    [JsonIgnore]
    public Message Text =>
        Message.Of(
            "rehearsals.data.subset",
            ("tables", string.Join(", ", Tables)),
            ("count", Tables.Count),
            ("of", Of)
        );
}
