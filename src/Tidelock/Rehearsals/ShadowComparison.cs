using Tidelock.Changes;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// The content of a view as it is, compared with what the change's definition would make of it, before anything is changed: the definition
/// is inlined into READ ONLY statements.
/// </summary>
internal static class ShadowComparison
{
    /// <param name="before">The closure of the change's relation; null where there is none.</param>
    /// <param name="open">Opens a session of the database.</param>
    /// <param name="report">Told what is being done.</param>
    /// <returns>Null where the change declares no comparison.</returns>
    public static async Task<ShadowFindings?> RunAsync(
        Change change,
        RelationClosure? before,
        Func<CancellationToken, Task<PostgresSession>> open,
        TimeProvider time,
        Action<Message> report,
        CancellationToken cancellation
    )
    {
        var options = change.Section<CompareOptions>();
        if (!options.IsDeclared)
        {
            return null;
        }

        if (RunBaseline.RelationOf(change) is not { } relation)
        {
            return ShadowFindings.Refusing(Message.Of("contracts.compare.no-relation"));
        }

        if (before is null)
        {
            return ShadowFindings.Refusing(Message.Of("contracts.compare.absent", ("relation", relation)));
        }

        if (change.Section<Migration>() is not ViewMigration migration)
        {
            return new ShadowFindings([Message.Of("contracts.compare.later")], Refuses: false, null);
        }

        var comparison = new ContentComparison(options, open, time, report);
        var (findings, _) = await comparison
            .CompareAsync(
                relation,
                ReaderOf(before.Relation),
                ContentSide.Of(relation),
                ContentSide.Inlined(migration.Definition.Text, relation.Schema, "public"),
                cancellation
            )
            .ConfigureAwait(false);
        return new ShadowFindings(findings.Lines, !findings.AsDeclared, findings);
    }

    /// <summary>The owner, whose rights and row security count below a view; nobody else where each reader's own count.</summary>
    public static string? ReaderOf(CapturedRelation view) => ViewPlan.IsReadAsInvoker(view) ? null : view.Owner;
}

/// <summary>How a comparison before the change went.</summary>
/// <param name="Lines">For people, the most important first.</param>
/// <param name="Refuses">Whether the change must not be made.</param>
/// <param name="Findings">What was found; null where it was not carried out.</param>
internal sealed record ShadowFindings(IReadOnlyList<Message> Lines, bool Refuses, ContentFindings? Findings)
{
    public static ShadowFindings Refusing(Message reason) => new([reason], Refuses: true, null);
}
