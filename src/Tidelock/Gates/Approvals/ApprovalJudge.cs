using Tidelock.Policies;
using Tidelock.Relations;
using Tidelock.Runs;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>Holds what people said about an approval against what is to be deployed.</summary>
internal sealed class ApprovalJudge(ApprovalGround ground)
{
    /// <summary>How far two machines' clocks may be apart.</summary>
    private static readonly TimeSpan ClocksDiffer = TimeSpan.FromMinutes(5);

    private readonly List<ValidApproval> valid = [];
    private readonly List<(string By, Message Problem)> problems = [];
    private readonly List<Message> exceptions = [];
    private IReadOnlyList<Word> plans = [];

    private AllowedSigners? Signers => ground.Policy?.Signers;

    public async Task<ApprovalVerdict> JudgeAsync(IReadOnlyList<Word> words, CancellationToken cancellation)
    {
        Word? denied = null;
        var obstacle = Obstacle();
        plans = [.. words.Where(w => w.Kind is WordKind.Shown && w.Foreseen is not null)];
        var people = words
            .Where(w => w.Gate == ApprovalGate.Key && w.Kind is not (WordKind.Shown or WordKind.Overridden))
            .GroupBy(w => w.By, StringComparer.OrdinalIgnoreCase);
        foreach (var person in people)
        {
            var standing = await StandingAsync([.. person], cancellation).ConfigureAwait(false);
            if (standing is { Kind: WordKind.Denied })
            {
                denied = standing;
            }
            else if (standing is not null)
            {
                Count(standing with { By = person.Key });
            }
        }

        return new ApprovalVerdict(valid, Grouped(), denied, exceptions) { Obstacle = obstacle };
    }

    /// <summary>
    /// A person's last word that counts. Where signatures are asked for, one without does not take back what was said before: anybody can type
    /// a name.
    /// </summary>
    private async Task<Word?> StandingAsync(IReadOnlyList<Word> words, CancellationToken cancellation)
    {
        Word? standing = null;
        (string By, Message Problem)? last = null;
        DateTimeOffset? lastNo = null;
        foreach (var word in words)
        {
            if (word.Kind is not WordKind.Confirmed && !(word.At < lastNo))
            {
                lastNo = word.At;
            }

            if (word.Kind is WordKind.Confirmed)
            {
                // A signed approval that is written down once more lifts nothing that was said after it.
                if (Signers is not null && word.At <= lastNo)
                {
                    continue;
                }

                var problem = await ProblemAsync(word, cancellation).ConfigureAwait(false);
                last = problem is null ? null : (word.By, problem);
                standing =
                    problem is null ? word
                    : Signers is null ? null
                    : standing;
            }
            else if (word.Kind is WordKind.Denied || Signers is null || standing?.Kind is not WordKind.Denied)
            {
                last = null;
                standing = word.Kind is WordKind.Denied ? word : null;
            }
        }

        if (standing is null && last is { } why)
        {
            problems.Add(why);
        }

        return standing;
    }

    private async Task<Message?> ProblemAsync(Word word, CancellationToken cancellation)
    {
        var until = Until(word);
        return until <= ground.Start ? Message.Of("gates.approval.expired", ("at", word.At), ("until", until))
            : word.At > ground.Now + ClocksDiffer
                ? Message.Of("gates.approval.future", ("at", word.At), ("now", ground.Now))
            : ground.Policy is { People: { Count: > 0 } people } && !people.Any(p => PersonName.IsExactly(p, word.By))
                ? Message.Of("gates.approval.not-listed", ("file", ground.Policy.Mark.File))
            : word.Demands != ground.Policy?.Demands ? Message.Of("gates.approval.other-policy")
            : await SignatureProblemAsync(word, cancellation).ConfigureAwait(false)
                ?? (
                    word.Target is { } target && ground.Target is { } now && target != now
                        ? Message.Of("gates.approval.other-database", ("shown", target), ("now", now))
                        : await SeenProblemAsync(word, cancellation).ConfigureAwait(false) ?? ForeseenProblem(word)
                );
    }

    private async Task<Message?> SignatureProblemAsync(Word word, CancellationToken cancellation)
    {
        if (Signers is null)
        {
            return null;
        }

        if (word.Signature is null)
        {
            return Message.Of("gates.approval.unsigned-refused", ("file", Signers.File));
        }

        var statement = ApprovalStatement.Of(ground.Change.Digest, ground.Environment, word);
        var (_, problem) = await SshSignature
            .VerifyAsync(
                Signers,
                ApprovalStatement.Namespace,
                word.By,
                statement,
                word.Signature,
                word.At,
                cancellation
            )
            .ConfigureAwait(false);
        return problem;
    }

    private async Task<Message?> SeenProblemAsync(Word word, CancellationToken cancellation)
    {
        if (ground.Relation is not { } now)
        {
            return null;
        }

        if (word.Seen is null)
        {
            return Message.Of("gates.approval.unseen", ("relation", now.Relation));
        }

        var differences = await ShownRelation
            .DifferencesAsync(word, now, ground.Session!, cancellation)
            .ConfigureAwait(false);
        return differences.Count == 0
            ? null
            : Message.Of(
                "gates.approval.outdated",
                ("count", differences.Count),
                ("differences", Several.Of(differences.Texts()))
            );
    }

    /// <summary>What the last plan of the same database foresees otherwise than the one that was approved, where both could foresee it.</summary>
    private Message? ForeseenProblem(Word word)
    {
        if (word.Foreseen is not { } then || plans.LastOrDefault(p => p.Target == word.Target)?.Foreseen is not { } now)
        {
            return null;
        }

        IReadOnlyList<Message> differences =
        [
            .. now.Except(then, StringComparer.Ordinal)
                .Select(l => Message.Of("gates.approval.foreseen-new", ("line", l))),
            .. then.Except(now, StringComparer.Ordinal)
                .Select(l => Message.Of("gates.approval.foreseen-gone", ("line", l))),
        ];
        return differences.Count == 0
            ? null
            : Message.Of(
                "gates.approval.foreseen",
                ("count", differences.Count),
                ("differences", Several.Of(differences))
            );
    }

    /// <summary>Counts an approval, unless it is by the author, by whoever runs the change, or by somebody who is counted already.</summary>
    private void Count(Word word)
    {
        var key = word.Signature is null ? null : SshSignature.KeyOf(word.Signature);
        var twin = valid.FirstOrDefault(v =>
            PersonName.IsSame(v.Word.By, word.By)
            || (key is not null && SshSignature.KeyOf(v.Word.Signature ?? "") == key)
        );
        if (twin is not null)
        {
            problems.Add((word.By, Message.Of("gates.approval.twice", ("other", twin.Word.By))));
        }
        else if (
            MayCount(word, ground.IsAuthor(word.By), OwnWork.AuthorApproves, "author")
            && MayCount(word, ground.IsExecutor(word.By), OwnWork.ExecutorApproves, "executor")
        )
        {
            valid.Add(new ValidApproval(word, Told(word, key)));
        }
    }

    private bool MayCount(Word word, bool isOwn, OwnWork work, string what)
    {
        if (!isOwn || !ground.SeparatesPeople)
        {
            return true;
        }

        if (!ground.Allows(work))
        {
            problems.Add((word.By, Message.Of($"gates.approval.{what}")));
            return false;
        }

        exceptions.Add(
            Message.Of($"gates.approval.{what}-allowed", ("by", word.By), ("rule", ground.Policy!.AllowedBy!.Text))
        );
        return true;
    }

    /// <summary>Who wrote the change is not known, or runs it.</summary>
    private Message? Obstacle()
    {
        if (!ground.SeparatesPeople)
        {
            return null;
        }

        if (ground.Author.Count == 0)
        {
            return ground.Allows(OwnWork.AuthorApproves | OwnWork.AuthorExecutes)
                ? null
                : Message.Of("gates.approval.no-author", ("required", ground.Options.MostRequired));
        }

        if (ground.Executors.FirstOrDefault(ground.IsAuthor) is not { } executor)
        {
            return null;
        }

        if (!ground.Allows(OwnWork.AuthorExecutes))
        {
            return Message.Of("gates.approval.author-executes", ("author", ground.Author[0]));
        }

        exceptions.Add(
            Message.Of(
                "gates.approval.author-executes-allowed",
                ("by", executor),
                ("rule", ground.Policy!.AllowedBy!.Text)
            )
        );
        return null;
    }

    private DateTimeOffset? Until(Word word)
    {
        var longest = ground.Options.Expires;
        DateTimeOffset? byRule = longest == TimeSpan.MaxValue ? null : word.At + longest;
        return word.Expires is { } own && !(byRule < own) ? own : byRule;
    }

    private Message Told(Word word, string? key)
    {
        var told =
            key is null ? Message.Of("gates.approval.unsigned", ("by", word.By), ("at", word.At))
            : Signers is null ? Message.Of("gates.approval.unverified", ("by", word.By), ("at", word.At))
            : Message.Of("gates.approval.signed", ("by", word.By), ("at", word.At), ("key", key));
        return Until(word) is { } until
            ? Message.Of("gates.approval.until", ("approval", told), ("until", until))
            : told;
    }

    private IReadOnlyList<Message> Grouped() =>
        [
            .. problems
                .GroupBy(p => p.Problem, p => p.By)
                .Select(g => Message.Of("gates.approval.void", ("people", string.Join(", ", g)), ("problem", g.Key))),
        ];
}
