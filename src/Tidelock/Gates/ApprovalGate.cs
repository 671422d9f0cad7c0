using Tidelock.Gates.Approvals;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// G3: enough different people approved exactly this digest for this environment, and what the plan showed them is still there; and whoever
/// else must say so says so.
/// </summary>
internal sealed class ApprovalGate : IGate
{
    public const string Key = "approval";

    private readonly SourceAnswers answers = new();

    public string Name => Key;

    public GateLevel Level(GateOptions options) => options.Approval.Level;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        // A denial may be among what cannot be read any more, so whatever else speaks for the change does not count either.
        if (context.Broken is { } broken)
        {
            return new GateFinding(false, broken);
        }

        var ground = await new ApprovalGround(context.Change, context.TargetEnvironment.Name, context.Time.GetUtcNow())
        {
            Start = context.Start,
            Executors = context.By.Length > 0 ? [context.By, .. context.TakenBy] : [],
        }
            .WithAuthorAsync(context.Time, cancellation)
            .ConfigureAwait(false);
        var verdict = await JudgeAsync(ground, context.Words, context.Target, cancellation).ConfigureAwait(false);
        var told = await ToldAsync(context, ground, cancellation).ConfigureAwait(false);
        var refusal = told.Where(t => !t.Passed).Select(t => t.Finding).ToList();
        if (verdict.Suffices(ground.Options.Required) && refusal.Count == 0)
        {
            return Passed(verdict, [.. told.Select(t => t.Finding)], ground);
        }

        var edited = context.Words.Any(w => w.Gate == Key && w.Kind is WordKind.Confirmed)
            ? null
            : await new ApprovedText(context.Journal, context.Change, context.TargetEnvironment.Name)
                .EditedSinceAsync(cancellation)
                .ConfigureAwait(false);
        return new GateFinding(
            false,
            Refused(verdict, ground, [.. refusal, .. edited is null ? [] : (Message[])[edited]])
        );
    }

    /// <summary>Reads what approvals are held against, as far as there are any, and judges them.</summary>
    private static async Task<ApprovalVerdict> JudgeAsync(
        ApprovalGround ground,
        IReadOnlyList<Word> words,
        PostgresTarget target,
        CancellationToken cancellation
    )
    {
        var given = words.Where(w => w.Gate == Key && w.Kind is WordKind.Confirmed).ToList();
        var relation = RunBaseline.RelationOf(ground.Change);
        if (given.Count == 0 || (relation is null && !given.Any(w => w.Target is not null && w.Signature is not null)))
        {
            return await new ApprovalJudge(ground).JudgeAsync(words, cancellation).ConfigureAwait(false);
        }

        await using var session = await ShownRelation.OpenAsync(target, cancellation).ConfigureAwait(false);
        var looked = ground with
        {
            Target = await ShownRelation.DatabaseAsync(session, cancellation).ConfigureAwait(false),
            Relation = relation is { } name
                ? await ShownRelation.ReadAsync(name, session, cancellation).ConfigureAwait(false)
                : null,
            Session = session,
        };
        return await new ApprovalJudge(looked).JudgeAsync(words, cancellation).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<SourceFinding>> ToldAsync(
        GateContext context,
        ApprovalGround ground,
        CancellationToken cancellation
    )
    {
        var told = new List<SourceFinding>();
        foreach (var source in context.Options.Approval.Sources)
        {
            told.Add(await answers.AskAsync(source, context, ground, cancellation).ConfigureAwait(false));
        }

        return told;
    }

    private static GateFinding Passed(ApprovalVerdict verdict, IReadOnlyList<Message> told, ApprovalGround ground)
    {
        var people = Several.All([.. verdict.Valid.Select(v => v.Text), .. told]);
        var given =
            verdict.Valid.Count == 0 && told.Count > 0
                ? people
                : Message.Of("gates.approval.given", ("people", people), ("required", ground.Options.Required));
        if (ground.AuthorIsOnlyNamed)
        {
            given = Message.Of("gates.approval.author-named", ("approval", given), ("author", ground.Author[0]));
        }

        var names = string.Join(", ", verdict.Valid.Select(v => v.Word.By));
        return new GateFinding(
            true,
            verdict.Exceptions.Count == 0 ? given : Several.All([.. verdict.Exceptions, given]),
            names.Length == 0 ? null : names
        )
        {
            InRed = verdict.Exceptions.Count > 0,
        };
    }

    /// <summary>What keeps the change from being approved: a denial first, then what no approval mends, then who is missing and why others do not count.</summary>
    internal static Message Refused(ApprovalVerdict verdict, ApprovalGround ground, IReadOnlyList<Message> others)
    {
        var parts = new List<Message>();
        if (verdict.Denied is { } no)
        {
            parts.Add(Message.Of("gates.approval.denied", ("by", no.By), ("at", no.At), ("reason", no.Note)));
        }

        parts.AddRange(verdict.Obstacle is { } obstacle ? [obstacle] : []);
        parts.AddRange(verdict.Problems);
        parts.AddRange(others);
        if (verdict.Valid.Count < ground.Options.Required)
        {
            parts.Add(Missing(verdict.Valid, ground));
        }

        return Several.All(parts);
    }

    /// <summary>How many are still needed, and what the next one types.</summary>
    private static Message Missing(IReadOnlyList<ValidApproval> valid, ApprovalGround ground) =>
        Message.Of(
            ground.Policy?.Signers is null ? "gates.approval.missing" : "gates.approval.missing-signed",
            ("given", valid.Count),
            ("required", ground.Options.Required),
            ("people", valid.Count > 0 ? string.Join(", ", valid.Select(v => v.Word.By)) : "-"),
            ("change", ground.Change.Folder),
            ("environment", ground.Environment)
        );
}
