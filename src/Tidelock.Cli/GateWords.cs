using Tidelock.Changes;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Policies;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Writes down what people say about gates: approvals, denials, confirmations, overrides.</summary>
internal sealed class GateWords(VerbContext context, TidelockServices services, Change change, string environment)
{
    private readonly WordBook book = new(services.Journal, change.Digest, environment);

    private EnvironmentPolicy? Policy => change.Section<GateOptions>().Policy;

    public static GateWords Of(VerbContext context, TidelockServices services, DeploymentRequest request) =>
        new(context, services, request.Change, request.TargetEnvironment.Name);

    /// <summary>A person approves, with a signature where a key is named or the policy asks for one.</summary>
    /// <param name="by">Who.</param>
    /// <param name="note">What was seen.</param>
    /// <param name="key">The SSH key; null for none.</param>
    /// <param name="cancellation">Ctrl-C.</param>
    /// <returns>What was written down, and the plan it is of; null for the latter where there is none to look at.</returns>
    /// <exception cref="TidelockException">No plan was shown, or the signature would not count.</exception>
    public async Task<(Word Approval, Word? Shown)> ApproveAsync(
        string by,
        string note,
        string? key,
        CancellationToken cancellation
    )
    {
        var shown = await ShownRelation.LastAsync(book, cancellation);
        if (shown is null && (key is not null || Policy?.Signers is not null || ShownRelation.IsNeeded(change)))
        {
            throw new TidelockException(Message.Of("cli.approve.unseen", ("change", change.Name)), ExitCode.Refused);
        }

        var word = Said(WordKind.Confirmed, ApprovalGate.Key, by, note).BoundTo(shown, change);
        var approval = await word.SignAsync(change, environment, key, cancellation);
        await book.AddAsync(approval, cancellation);
        await new ApprovedText(services.Journal, change, environment).KeepAsync(by, approval.At, cancellation);
        return (approval, shown);
    }

    /// <exception cref="TidelockException">There is no reason.</exception>
    public Task DenyAsync(string by, string? reason, CancellationToken cancellation) =>
        string.IsNullOrWhiteSpace(reason)
            ? throw new TidelockException(Message.Of("cli.deny.reason"), ExitCode.Mistake)
            : book.AddAsync(Said(WordKind.Denied, ApprovalGate.Key, by, reason), cancellation);

    /// <exception cref="TidelockException">There is no such gate, or no person's word is enough for it.</exception>
    public async Task ConfirmAsync(string gate, string by, string note, CancellationToken cancellation)
    {
        if (!Find(gate).MayBeConfirmed)
        {
            throw new TidelockException(Message.Of("cli.gate.not-confirmable", ("gate", gate)), ExitCode.Refused);
        }

        if (gate == ApprovalGate.Key)
        {
            await ApproveAsync(by, note, key: null, cancellation);
        }
        else
        {
            await book.AddAsync(Said(WordKind.Confirmed, gate, by, note), cancellation);
        }
    }

    /// <summary>A person takes back what they said on a gate.</summary>
    /// <exception cref="TidelockException">There is no such gate, or nothing that this person said on it and has not taken back.</exception>
    public async Task WithdrawAsync(string gate, string by, string note, CancellationToken cancellation)
    {
        Find(gate);
        var words = await book.ReadAsync(cancellation);
        var spoken = words
            .Where(w => w.Gate == gate && w.Kind is not (WordKind.Shown or WordKind.Announced))
            .GroupBy(w => w.By, StringComparer.OrdinalIgnoreCase)
            .Where(p => p.Last().Kind is WordKind.Confirmed or WordKind.Overridden)
            .Select(p => p.Key)
            .ToList();
        if (!spoken.Contains(by, StringComparer.OrdinalIgnoreCase))
        {
            var people = spoken.Count == 0 ? "-" : string.Join(", ", spoken);
            throw new TidelockException(
                Message.Of("cli.approve.nothing-said", ("by", by), ("gate", gate), ("people", people)),
                ExitCode.Refused
            );
        }

        await book.AddAsync(Said(WordKind.Withdrawn, gate, by, note), cancellation);
    }

    /// <exception cref="TidelockException">There is no such gate, no reason, or the gate may not be passed over, or not by this person.</exception>
    public Task OverrideAsync(string gate, string by, string? reason, CancellationToken cancellation)
    {
        if (!Find(gate).MayBeOverridden)
        {
            throw new TidelockException(Message.Of("cli.gate.not-overridable", ("gate", gate)), ExitCode.Refused);
        }

        if (Policy?.Forbids(GateOptions.KeyOf(gate), by) is { } rule)
        {
            throw new TidelockException(
                Message.Of("cli.gate.not-overridable-by", ("gate", gate), ("by", by), ("rule", rule.Text)),
                ExitCode.Refused
            );
        }

        return string.IsNullOrWhiteSpace(reason)
            ? throw new TidelockException(Message.Of("cli.gate.reason", ("gate", gate)), ExitCode.Mistake)
            : book.AddAsync(Said(WordKind.Overridden, gate, by, reason), cancellation);
    }

    private IGate Find(string gate) =>
        services.Checklist.Find(gate)
        ?? throw new TidelockException(
            Message.Of("cli.gate.unknown", ("gate", gate), ("gates", string.Join(", ", services.Checklist.Names))),
            ExitCode.Mistake
        );

    private Word Said(WordKind kind, string gate, string by, string note) =>
        new(kind, gate, by, note, context.Time.GetUtcNow(), Environment.MachineName);
}
