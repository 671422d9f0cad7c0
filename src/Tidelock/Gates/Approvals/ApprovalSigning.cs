using Tidelock.Changes;
using Tidelock.Runs;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>Signs an approval, and refuses at once what the gate would not count.</summary>
public static class ApprovalSigning
{
    /// <summary>An approval of what a plan showed, under what the team's policy demands now, for as long as it may count.</summary>
    /// <param name="word">Who approves.</param>
    /// <param name="shown">The plan; null where none was shown.</param>
    /// <param name="change">The change, read for its environment.</param>
    public static Word BoundTo(this Word word, Word? shown, Change change)
    {
        var gates = change.Section<GateOptions>();
        var longest = gates.Approval.Expires;
        return word with
        {
            Seen = shown?.Seen,
            Target = shown?.Target,
            Foreseen = shown?.Foreseen,
            Demands = gates.Policy?.Demands,
            Expires = longest == TimeSpan.MaxValue ? null : word.At + longest,
        };
    }

    /// <param name="word">The approval.</param>
    /// <param name="change">The change, read for its environment.</param>
    /// <param name="environment">The environment's name.</param>
    /// <param name="key">The file of an SSH key; null for none, which counts where no policy names signers.</param>
    /// <param name="cancellation">Ends the waiting for a token.</param>
    /// <exception cref="TidelockException">There is no key where one is needed, it did not sign, or its signature does not count.</exception>
    public static async Task<Word> SignAsync(
        this Word word,
        Change change,
        string environment,
        string? key,
        CancellationToken cancellation
    )
    {
        var signers = change.Section<GateOptions>().Policy?.Signers;
        if (key is null)
        {
            return signers is null
                ? word
                : throw new TidelockException(
                    Message.Of("gates.approval.key-needed", ("file", signers.File)),
                    ExitCode.Refused
                );
        }

        var statement = ApprovalStatement.Of(change.Digest, environment, word);
        var signature = await SshSignature
            .SignAsync(key, ApprovalStatement.Namespace, statement, cancellation)
            .ConfigureAwait(false);
        if (signers is not null)
        {
            var (_, problem) = await SshSignature
                .VerifyAsync(signers, ApprovalStatement.Namespace, word.By, statement, signature, word.At, cancellation)
                .ConfigureAwait(false);
            if (problem is not null)
            {
                throw new TidelockException(
                    Message.Of("gates.approval.would-not-count", ("by", word.By), ("problem", problem)),
                    ExitCode.Refused
                );
            }
        }

        return word with
        {
            Signature = signature,
        };
    }
}
