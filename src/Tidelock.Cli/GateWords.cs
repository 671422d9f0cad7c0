using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Writes down what people say about gates: approvals, confirmations, overrides.</summary>
internal sealed class GateWords(VerbContext context, Checklist checklist, WordBook book)
{
    /// <exception cref="TidelockException">There is no such gate, or no person's word is enough for it.</exception>
    public Task ConfirmAsync(string gate, string by, string note, CancellationToken cancellation)
    {
        if (!Find(gate).MayBeConfirmed)
        {
            throw new TidelockException(Message.Of("cli.gate.not-confirmable", ("gate", gate)), ExitCode.Refused);
        }

        return AddAsync(WordKind.Confirmed, gate, by, note, cancellation);
    }

    /// <exception cref="TidelockException">There is no such gate, no reason, or the gate may not be passed over.</exception>
    public Task OverrideAsync(string gate, string by, string? reason, CancellationToken cancellation)
    {
        if (!Find(gate).MayBeOverridden)
        {
            throw new TidelockException(Message.Of("cli.gate.not-overridable", ("gate", gate)), ExitCode.Refused);
        }

        return string.IsNullOrWhiteSpace(reason)
            ? throw new TidelockException(Message.Of("cli.gate.reason", ("gate", gate)), ExitCode.Mistake)
            : AddAsync(WordKind.Overridden, gate, by, reason, cancellation);
    }

    public static GateWords Of(VerbContext context, TidelockServices services, DeploymentRequest request) =>
        new(context, services.Checklist, services.Deployment.Words(request));

    private IGate Find(string gate) =>
        checklist.Find(gate)
        ?? throw new TidelockException(
            Message.Of("cli.gate.unknown", ("gate", gate), ("gates", string.Join(", ", checklist.Names))),
            ExitCode.Mistake
        );

    private Task AddAsync(WordKind kind, string gate, string by, string note, CancellationToken cancellation) =>
        book.AddAsync(new Word(kind, gate, by, note, context.Time.GetUtcNow(), Environment.MachineName), cancellation);
}
