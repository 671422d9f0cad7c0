using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// From when on restoring the run's backup would lose committed writes, and how many by now; journaled while the run goes on, by the server's
/// statistics.
/// </summary>
/// <param name="At">When that was looked at.</param>
/// <param name="Since">The last moment of which nothing would have been lost, as far as was looked: the point of no return of a restore.</param>
/// <param name="Rows">Rows written since the backup; null where that is not known.</param>
/// <param name="Tables">Those that would lose most, with their rows; of those that are not known the names.</param>
public sealed record PointOfNoReturn(DateTimeOffset At, DateTimeOffset? Since, long? Rows, IReadOnlyList<string> Tables)
{
    /// <summary>Whether <see cref="Rows"/> is the least: other sessions may hold back what they have written.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool AtLeast { get; init; }

    internal const string Step = "watch";
    internal const string Fact = "lost";
    private const double News = 0.1;

    /// <summary>What was journaled last; null where nothing would be lost, and where there is no backup.</summary>
    public static PointOfNoReturn? Of(RunState state) =>
        state.Fact(Step, Fact)?.Deserialize(RunJson.Readable.PointOfNoReturn);

    /// <summary>In words. Unknown is said to be unknown.</summary>
    [JsonIgnore]
    public Message Finding =>
        Message.Of(
            Rows is null ? "rollbacks.lost.at-stake-unknown" : "rollbacks.lost.at-stake",
            ("at", At),
            ("since", Since is { } since ? since : "?"),
            ("rows", AtLeast && Rows is not null ? Message.Of("rollbacks.lost.at-least", ("rows", Figure)) : Figure),
            ("tables", Tables.Count == 0 ? "-" : string.Join(", ", Tables))
        );

    private string Figure => Rows?.ToString("N0", CultureInfo.InvariantCulture) ?? "?";

    /// <summary>Whether it is to be told after what was told last: at first when there is something to lose, or when that is not known.</summary>
    internal bool IsNewsAfter(PointOfNoReturn? told) =>
        (Rows, told) switch
        {
            (0, null) => false,
            (_, null) => true,
            ({ } rows, { Rows: { } before }) => Math.Abs(rows - before) > before * News,
            _ => Rows != told.Rows,
        };

    internal FactRecorded AsEvent() =>
        new(Step, Fact, JsonSerializer.SerializeToElement(this, RunJson.Readable.PointOfNoReturn));
}
