using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Diagnoses;

/// <summary>Looks at a relation that is said to be missing or slow. Changes nothing; every read has a limit.</summary>
public static class RelationExamination
{
    /// <summary>How long the bounded read may take before that is the finding.</summary>
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(30);

    public static async Task<RelationDiagnosis> ExamineAsync(
        PostgresSession session,
        RelationName relation,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var found = await ClosureCapture.CaptureAsync(session, relation, cancellation).ConfigureAwait(false);
        if (found is CaptureResult.Missing)
        {
            return new RelationDiagnosis(relation, found, [], [], null, []);
        }

        var tables = await TablesAsync(session, relation, cancellation).ConfigureAwait(false);
        var (plan, problem) = await PlanAsync(session, relation, time, cancellation).ConfigureAwait(false);
        IReadOnlyList<RelationName> held = [relation, .. tables.Select(t => t.Name)];
        var blockers = await BlockerSearch.FindAsync(session, held, cancellation).ConfigureAwait(false);
        return new RelationDiagnosis(relation, found, tables, plan, problem, blockers);
    }

    private static async Task<IReadOnlyList<TableBelow>> TablesAsync(
        PostgresSession session,
        RelationName relation,
        CancellationToken cancellation
    ) =>
        await session
            .QueryAsync(
                SqlText.Beside<TableBelow>("TablesBelow"),
                r => new TableBelow(
                    new RelationName(r.GetString(0), r.GetString(1)),
                    r.GetDouble(2) is >= 0 and var rows ? rows : null,
                    r.GetInt64(3),
                    r.IsDBNull(4) ? null : TimeSpan.FromSeconds(r.GetDouble(4)),
                    r.GetInt64(5),
                    r.GetFieldValue<string[]>(6)
                ),
                cancellation,
                new NpgsqlParameter { Value = relation.Schema },
                new NpgsqlParameter { Value = relation.Name }
            )
            .ConfigureAwait(false);

    private static async Task<(IReadOnlyList<string> Plan, Message? Problem)> PlanAsync(
        PostgresSession session,
        RelationName relation,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var read = new BoundedRead(session, ReadLimit, time);
        try
        {
            var rows = await read.RunAsync(
                    [relation.Schema],
                    token =>
                        read.RowsAsync(
                            $"explain (analyze, buffers) select * from {relation.Sql} limit 1000",
                            500,
                            token
                        ),
                    cancellation
                )
                .ConfigureAwait(false);
            return ([.. rows.Rows.Select(r => r[0] ?? "")], null);
        }
        catch (TimeoutException)
        {
            return ([], Message.Of("diagnoses.read.timeout", ("relation", relation), ("limit", ReadLimit)));
        }
        catch (PostgresException e)
        {
            return (
                [],
                Message.Of(
                    "diagnoses.read.failed",
                    ("relation", relation),
                    ("reason", e.MessageText),
                    ("code", e.SqlState)
                )
            );
        }
    }
}
