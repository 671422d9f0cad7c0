using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Diagnoses;

/// <summary>What was seen of a relation that is said to be missing or slow.</summary>
/// <param name="Relation">Its name.</param>
/// <param name="Found">Whether it is there, and as what.</param>
/// <param name="Tables">The tables below it.</param>
/// <param name="Plan">EXPLAIN ANALYZE of a bounded read, line by line; empty where it could not be made.</param>
/// <param name="ReadProblem">Why a bounded read failed; null when it did not.</param>
/// <param name="Blockers">Who holds it or what it reads in an open transaction.</param>
public sealed record RelationDiagnosis(
    RelationName Relation,
    CaptureResult Found,
    IReadOnlyList<TableBelow> Tables,
    IReadOnlyList<string> Plan,
    Message? ReadProblem,
    IReadOnlyList<Blocker> Blockers
)
{
    /// <summary>A transaction this old holds up the next migration.</summary>
    private static readonly TimeSpan LongTransaction = TimeSpan.FromMinutes(1);

    public bool IsMissing => Found is CaptureResult.Missing;

    /// <summary>What to do next, the most important first; never empty.</summary>
    public IReadOnlyList<Message> Advice
    {
        get
        {
            IReadOnlyList<Message> all =
            [
                .. IsMissing ? [Message.Of("diagnoses.advice.missing", ("relation", Relation))] : (Message[])[],
                .. ReadProblem is { } problem
                    ? [Message.Of("diagnoses.advice.unreadable", ("problem", problem))]
                    : (Message[])[],
                .. Blockers
                    .Where(b => b.Age > LongTransaction)
                    .Select(b =>
                        Message.Of(
                            "diagnoses.advice.blocker",
                            ("pid", b.ProcessId),
                            ("age", b.Age),
                            ("relation", b.Relation)
                        )
                    ),
                .. Tables.Where(t => t.IsStale).Select(t => Message.Of("diagnoses.advice.analyze", ("table", t.Name))),
                .. Tables
                    .Where(t => t.Indexes.Count == 0)
                    .Select(t => Message.Of("diagnoses.advice.index", ("table", t.Name))),
            ];
            return all.Count > 0 ? all : [Message.Of("diagnoses.advice.none", ("relation", Relation))];
        }
    }
}
