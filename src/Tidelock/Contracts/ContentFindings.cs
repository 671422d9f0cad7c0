using System.Globalization;
using System.Text.Json.Serialization;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>What a comparison of a relation's old content with its new content found. Journaled as a fact and shown in the report.</summary>
/// <param name="Relation">What was compared.</param>
/// <param name="Key">The columns by which rows were matched.</param>
public sealed record ContentFindings(RelationName Relation, IReadOnlyList<string> Key)
{
    /// <summary>The name of the fact.</summary>
    internal const string Fact = "content";

    /// <summary>Why it could not be carried out, so that nothing is known; null when it was.</summary>
    public Message? Problem { get; init; }

    /// <summary>What else should be known of how it was carried out; null for nothing.</summary>
    public Message? Note { get; init; }

    /// <summary>Rows of the old side.</summary>
    public long OldRows { get; init; }

    /// <summary>Rows of the new side.</summary>
    public long NewRows { get; init; }

    /// <summary>Rows of the old side whose key the new side does not have.</summary>
    public long OnlyOld { get; init; }

    /// <summary>Rows of the new side whose key the old side does not have.</summary>
    public long OnlyNew { get; init; }

    /// <summary>The key of one of <see cref="OnlyOld"/>, as PostgreSQL writes a row.</summary>
    public string? OnlyOldExample { get; init; }

    /// <summary>The key of one of <see cref="OnlyNew"/>.</summary>
    public string? OnlyNewExample { get; init; }

    /// <summary>Whether rows may come and go.</summary>
    public ContentExpectation Rows { get; init; }

    /// <summary>Every column but the key's, by name.</summary>
    public IReadOnlyList<ColumnFindings> Columns { get; init; } = [];

    /// <summary>Which part of the values was compared; null for all of them. Rows and keys are always compared in full.</summary>
    public double? Sample { get; init; }

    /// <summary>How many rows the sample has.</summary>
    public long? Sampled { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Took { get; init; }

    /// <summary>Whether rows are on one side only although they may not be.</summary>
    [JsonIgnore]
    public bool RowsDiffer => OnlyOld + OnlyNew > 0;

    /// <summary>Whether the change may take rows away and bring others.</summary>
    [JsonIgnore]
    public bool RowsMayDiffer => Rows == ContentExpectation.Changed;

    /// <summary>Whether it was carried out and nothing differs but what may.</summary>
    public bool AsDeclared => Problem is null && (!RowsDiffer || RowsMayDiffer) && Columns.All(c => c.IsAllowed);

    /// <summary>In one sentence: how it went.</summary>
    [JsonIgnore]
    public Message Summary =>
        this switch
        {
            { Problem: { } problem } => Message.Of(
                "contracts.compare.unknown",
                ("relation", Relation),
                ("problem", problem)
            ),
            { AsDeclared: true, Sample: null } => Message.Of("contracts.compare.declared", Counts),
            { AsDeclared: true } => Message.Of("contracts.compare.sampled", Counts),
            _ => Message.Of(
                "contracts.compare.differs",
                ("relation", Relation),
                ("what", string.Join("; ", Wrong)),
                ("key", KeyText)
            ),
        };

    /// <summary>For people: the summary, then what differs, then what is the same.</summary>
    [JsonIgnore]
    public IReadOnlyList<Message> Lines
    {
        get
        {
            if (Problem is not null)
            {
                return [Summary, .. Notes];
            }

            var lines = new List<Message> { Summary };
            if (OnlyOld > 0)
            {
                lines.Add(RowLine("contracts.compare.only-old", OnlyOld, OnlyOldExample));
            }

            if (OnlyNew > 0)
            {
                lines.Add(RowLine("contracts.compare.only-new", OnlyNew, OnlyNewExample));
            }

            lines.AddRange(Columns.Where(c => c.Standing is not ContentStanding.Same).Select(c => c.Text));
            var same = Columns.Where(c => c.Standing is ContentStanding.Same).Select(c => c.Name).ToList();
            if (same.Count > 0)
            {
                lines.Add(
                    Message.Of(
                        Sample is null ? "contracts.compare.same" : "contracts.compare.same-sample",
                        ("columns", string.Join(", ", same)),
                        ("sample", SampleText)
                    )
                );
            }

            return [.. lines, .. Notes];
        }
    }

    private IEnumerable<Message> Notes => Note is null ? [] : [Note];

    [JsonIgnore]
    internal string KeyText => string.Join(", ", Key);

    [JsonIgnore]
    internal string SampleText =>
        string.Create(CultureInfo.InvariantCulture, $"{Sample.GetValueOrDefault(1) * 100:0.######} %");

    private (string, object?)[] Counts =>
        [
            ("relation", Relation),
            ("old", OldRows),
            ("new", NewRows),
            ("key", KeyText),
            ("sample", SampleText),
            ("sampled", Sampled),
            ("took", Took),
        ];

    /// <summary>What differs and may not, in no language: <c>+3 (4,b); score ×5 (1,a): 1 → 2</c>.</summary>
    private IEnumerable<string> Wrong
    {
        get
        {
            if (RowsDiffer && !RowsMayDiffer)
            {
                var only = new[] { ("−", OnlyOld, OnlyOldExample), ("+", OnlyNew, OnlyNewExample) };
                foreach (var (sign, count, example) in only.Where(o => o.Item2 > 0))
                {
                    yield return string.Create(CultureInfo.InvariantCulture, $"{sign}{count} {example}");
                }
            }

            foreach (var column in Columns.Where(c => !c.IsAllowed))
            {
                yield return column.ToString();
            }
        }
    }

    private Message RowLine(string code, long count, string? example) =>
        Message.Of(code, ("count", count), ("example", example), ("expected", Word(Rows)));

    internal static Message Word(ContentExpectation expectation) =>
        expectation switch
        {
            ContentExpectation.Same => Message.Of("contracts.compare.not-allowed"),
            ContentExpectation.Changed => Message.Of("contracts.compare.allowed"),
        };
}

/// <summary>One column in a comparison.</summary>
/// <param name="Name">As in the catalog, unquoted.</param>
/// <param name="Standing">What was found.</param>
/// <param name="Expected">What the change allows.</param>
/// <param name="Rows">In how many rows that are on both sides it differs; null where it is not looked at row by row.</param>
/// <param name="Example">One of them.</param>
public sealed record ColumnFindings(
    string Name,
    ContentStanding Standing,
    ContentExpectation Expected,
    long? Rows = null,
    ContentExample? Example = null
)
{
    public bool IsAllowed =>
        Standing switch
        {
            ContentStanding.Same or ContentStanding.Added => true,
            ContentStanding.Changed or ContentStanding.Unstable or ContentStanding.Gone => Expected
                == ContentExpectation.Changed,
        };

    [JsonIgnore]
    internal Message Text =>
        Message.Of(
            Standing switch
            {
                ContentStanding.Same => "contracts.compare.column-same",
                ContentStanding.Changed when Rows is null => "contracts.compare.column-differs",
                ContentStanding.Changed => "contracts.compare.column-changed",
                ContentStanding.Unstable => "contracts.compare.column-unstable",
                ContentStanding.Gone => "contracts.compare.column-gone",
                ContentStanding.Added => "contracts.compare.column-added",
            },
            ("column", Name),
            ("count", Rows),
            ("example", Example),
            ("expected", ContentFindings.Word(Expected))
        );

    public override string ToString() =>
        Standing switch
        {
            ContentStanding.Changed => string.Create(CultureInfo.InvariantCulture, $"{Name} ×{Rows} {Example}"),
            ContentStanding.Same => $"{Name} =",
            ContentStanding.Unstable => $"{Name} ≠ {Name} (unstable)",
            ContentStanding.Gone => $"−{Name}",
            ContentStanding.Added => $"+{Name}",
        };
}

/// <summary>What became of a column's content.</summary>
public enum ContentStanding
{
    /// <summary>Every value that was compared has the same text on both sides.</summary>
    Same,

    /// <summary>Some values differ.</summary>
    Changed,

    /// <summary>The old side differs from itself, read twice in one snapshot: nothing can be said.</summary>
    Unstable,

    /// <summary>Only the old side has it.</summary>
    Gone,

    /// <summary>Only the new side has it.</summary>
    Added,
}
