using Tidelock.Changes;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Writes down what people say about gates: approvals, confirmations, overrides.</summary>
internal sealed class GateWords(VerbContext context, Checklist checklist, Change change, WordBook book)
{
    /// <summary>The answer is the plan that an approval is of; null where there is none to look at, and for other gates.</summary>
    /// <exception cref="TidelockException">There is no such gate, no person's word is enough for it, or no plan was shown.</exception>
    public async Task<Word?> ConfirmAsync(string gate, string by, string note, CancellationToken cancellation)
    {
        if (!Find(gate).MayBeConfirmed)
        {
            throw new TidelockException(Message.Of("cli.gate.not-confirmable", ("gate", gate)), ExitCode.Refused);
        }

        var shown = ShownRelation.IsNeeded(gate, change)
            ? await ShownRelation.LastAsync(book, cancellation) ?? throw Unseen()
            : null;
        await book.AddAsync(Said(WordKind.Confirmed, gate, by, note) with { Seen = shown?.Seen }, cancellation);
        return shown;
    }

    private TidelockException Unseen() =>
        new(Message.Of("cli.approve.unseen", ("change", change.Name)), ExitCode.Refused);

    /// <exception cref="TidelockException">There is no such gate, no reason, or the gate may not be passed over.</exception>
    public Task OverrideAsync(string gate, string by, string? reason, CancellationToken cancellation)
    {
        if (!Find(gate).MayBeOverridden)
        {
            throw new TidelockException(Message.Of("cli.gate.not-overridable", ("gate", gate)), ExitCode.Refused);
        }

        return string.IsNullOrWhiteSpace(reason)
            ? throw new TidelockException(Message.Of("cli.gate.reason", ("gate", gate)), ExitCode.Mistake)
            : book.AddAsync(Said(WordKind.Overridden, gate, by, reason), cancellation);
    }

    public static GateWords Of(VerbContext context, TidelockServices services, DeploymentRequest request) =>
        new(context, services.Checklist, request.Change, services.Deployment.Words(request));

    private IGate Find(string gate) =>
        checklist.Find(gate)
        ?? throw new TidelockException(
            Message.Of("cli.gate.unknown", ("gate", gate), ("gates", string.Join(", ", checklist.Names))),
            ExitCode.Mistake
        );

    private Word Said(WordKind kind, string gate, string by, string note) =>
        new(kind, gate, by, note, context.Time.GetUtcNow(), Environment.MachineName);
}
