using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// G3: enough different people approved exactly this digest for this environment, and what the plan showed them is still there.
/// </summary>
internal sealed class ApprovalGate : IGate
{
    public const string Key = "approval";

    public string Name => Key;

    public GateLevel Level(GateOptions options) => options.Approval.Level;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var given = Approvals(context.Words);
        if (given.Count == 0 || RunBaseline.RelationOf(context.Change) is not { } relation)
        {
            return Finding(context, given, null);
        }

        await using var session = await ShownRelation.OpenAsync(context.Target, cancellation).ConfigureAwait(false);
        var now = await ShownRelation.ReadAsync(relation, session, cancellation).ConfigureAwait(false);
        var (valid, outdated) = await JudgeAsync(given, now, session, cancellation).ConfigureAwait(false);
        return Finding(context, valid, outdated);
    }

    /// <summary>The approvals that still count, and why the others do not; null where all do.</summary>
    internal static async Task<(IReadOnlyList<Word> Valid, Message? Outdated)> JudgeAsync(
        IReadOnlyList<Word> given,
        RunBaseline now,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var valid = new List<Word>();
        var changed = new List<ClosureDifference>();
        foreach (var word in given.Where(w => w.Seen is not null))
        {
            var differences = await ShownRelation
                .DifferencesAsync(word, now, session, cancellation)
                .ConfigureAwait(false);
            if (differences.Count == 0)
            {
                valid.Add(word);
            }

            changed.AddRange(differences.Except(changed));
        }

        var people = string.Join(", ", given.Except(valid).Select(w => w.By));
        return (
            valid,
            people.Length == 0 ? null
            : changed.Count == 0 ? Message.Of("gates.approval.unseen", ("people", people), ("relation", now.Relation))
            : Message.Of(
                "gates.approval.outdated",
                ("people", people),
                ("count", changed.Count),
                ("differences", Several.Of(changed.Texts()))
            )
        );
    }

    /// <summary>Each person's last word on the approval counts.</summary>
    internal static IReadOnlyList<Word> Approvals(IReadOnlyList<Word> words) =>
        [
            .. words
                .Where(w => w.Gate == Key && w.Kind != WordKind.Shown)
                .GroupBy(w => w.By, StringComparer.OrdinalIgnoreCase)
                .Where(g => g.Last().Kind == WordKind.Confirmed)
                .Select(g => g.Last() with { By = g.Key }),
        ];

    private static GateFinding Finding(GateContext context, IReadOnlyList<Word> valid, Message? outdated)
    {
        var required = context.Options.Approval.Required;
        var names = string.Join(", ", valid.Select(w => w.By));
        if (valid.Count >= required)
        {
            return new GateFinding(
                true,
                Message.Of("gates.approval.given", ("people", names), ("required", required)),
                names
            );
        }

        var missing = Missing(valid, required, context.Change, context.TargetEnvironment);
        return new GateFinding(
            false,
            outdated is null
                ? missing
                : Message.Of("gates.approval.again", ("outdated", outdated), ("missing", missing))
        );
    }

    /// <summary>How many are still needed, and what the next one types.</summary>
    internal static Message Missing(
        IReadOnlyList<Word> valid,
        int required,
        Change change,
        TargetEnvironment environment
    ) =>
        Message.Of(
            "gates.approval.missing",
            ("given", valid.Count),
            ("required", required),
            ("people", valid.Count > 0 ? string.Join(", ", valid.Select(w => w.By)) : "-"),
            ("change", change.Folder),
            ("environment", environment.Name)
        );
}
