using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>A gate that no machine can know: a named person confirms it. G9 (progress is shared in a channel) is one.</summary>
internal sealed class ConfirmedGate(string name, Func<GateOptions, GateLevel> level, Func<GateOptions, Message> missing)
    : IGate
{
    public string Name => name;

    public GateLevel Level(GateOptions options) => level(options);

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation) =>
        Task.FromResult(
            context.Confirmation(Name) is { } word
                ? new GateFinding(
                    true,
                    Message.Of("gates.confirmed", ("by", word.By), ("at", word.At), ("note", word.Note)),
                    word.By
                )
                : new GateFinding(false, context.Unconfirmed(Name, missing(context.Options)))
        );
}
