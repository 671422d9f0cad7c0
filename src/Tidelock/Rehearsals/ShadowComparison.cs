using Tidelock.Changes;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// A view's new definition on the real data, before anything is changed: it is inlined into READ ONLY statements. What it means for the
/// contract, the dependents and the declared queries, and how its content compares with that of the view as it is.
/// </summary>
internal static class ShadowComparison
{
    /// <param name="ground">The database, and what is there.</param>
    /// <returns>Null where there is nothing that could be tried before the change.</returns>
    public static async Task<ShadowFindings?> RunAsync(ShadowGround ground, CancellationToken cancellation)
    {
        var options = ground.Change.Section<CompareOptions>();
        if (ground.Change.Section<Migration>() is not ViewMigration migration)
        {
            return options.IsDeclared ? await LaterAsync(ground, options, cancellation).ConfigureAwait(false) : null;
        }

        if (options.IsDeclared && ground.Before is null)
        {
            return ShadowFindings.Refusing(Message.Of("contracts.compare.absent", ("relation", migration.Name)));
        }

        var start = ground.Time.GetTimestamp();
        var check = new CandidateCheck(ground, migration, cancellation);
        var (checks, obstacle) = await check.RunAsync().ConfigureAwait(false);
        var content = new CandidateContent(ground, migration, cancellation);
        var (found, more) = checks.Any(c => c.Standing == CandidateStanding.Broken)
            ? (null, content.Unchecked(Message.Of("contracts.candidate.not-worth")))
            : await content.RunAsync(obstacle).ConfigureAwait(false);
        var candidate = new CandidateFindings(migration.Name, [.. checks, .. more])
        {
            Took = ground.Time.GetElapsedTime(start),
        };
        IReadOnlyList<Message> lines =
            found is not null ? found.Lines
            : options.IsDeclared && !candidate.Refuses
                ? [Message.Of("contracts.compare.unknown", ("relation", migration.Name), ("problem", obstacle))]
            : [];
        return new ShadowFindings(
            candidate.Refuses ? [candidate.Refusal, .. lines] : lines,
            candidate.Refuses || (options.IsDeclared && found is not { AsDeclared: true }),
            found,
            candidate
        );
    }

    /// <summary>
    /// Only the old content is there before the change. Whether it may be evaluated afterwards is asked now: then it would be too late.
    /// </summary>
    private static async Task<ShadowFindings> LaterAsync(
        ShadowGround ground,
        CompareOptions options,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.RelationOf(ground.Change) is not { } relation)
        {
            return ShadowFindings.Refusing(Message.Of("contracts.compare.no-relation"));
        }

        if (ground.Before is null)
        {
            return ShadowFindings.Refusing(Message.Of("contracts.compare.absent", ("relation", relation)));
        }

        var problem = await EvaluationConsent
            .ProblemAsync(
                ground.OpenContent,
                ground.Reader,
                options,
                [ContentSide.Of(relation)],
                ground.Time,
                cancellation
            )
            .ConfigureAwait(false);
        return problem is null
            ? new ShadowFindings([Message.Of("contracts.compare.later")], Refuses: false, null, null)
            : ShadowFindings.Refusing(
                Message.Of("contracts.compare.unknown", ("relation", relation), ("problem", problem))
            );
    }

    /// <summary>The owner, whose rights and row security count below a view; nobody else where each reader's own count.</summary>
    public static string? ReaderOf(CapturedRelation view) => ViewPlan.IsReadAsInvoker(view) ? null : view.Owner;
}

/// <summary>What a new definition is tried on.</summary>
/// <param name="Change">The change.</param>
/// <param name="Before">The closure of the change's relation; null where there is none.</param>
/// <param name="Open">Opens a session of the database.</param>
/// <param name="OpenContent">Opens one where contents are read: of a standby where the environment names one.</param>
/// <param name="Time">The clock.</param>
/// <param name="Report">Told what is being done.</param>
internal sealed record ShadowGround(
    Change Change,
    RelationClosure? Before,
    Func<CancellationToken, Task<PostgresSession>> Open,
    Func<CancellationToken, Task<PostgresSession>> OpenContent,
    TimeProvider Time,
    Action<Message> Report
)
{
    /// <summary>As whom contents are read; null for the role that logged in.</summary>
    public string? Reader => Before is null ? null : ShadowComparison.ReaderOf(Before.Relation);
}

/// <summary>How a comparison before the change went.</summary>
/// <param name="Lines">For people, the most important first.</param>
/// <param name="Refuses">Whether the change must not be made.</param>
/// <param name="Findings">How the contents compare; null where that was not carried out.</param>
/// <param name="Candidate">How the new definition did; null where there is none.</param>
internal sealed record ShadowFindings(
    IReadOnlyList<Message> Lines,
    bool Refuses,
    ContentFindings? Findings,
    CandidateFindings? Candidate
)
{
    public static ShadowFindings Refusing(Message reason) => new([reason], Refuses: true, null, null);
}
