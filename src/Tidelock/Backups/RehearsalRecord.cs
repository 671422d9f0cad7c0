using System.Text.Json.Serialization;
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
}

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
