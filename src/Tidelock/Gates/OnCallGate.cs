using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G8: enough different people said that they stand by for this start.</summary>
internal sealed class OnCallGate : IGate
{
    public string Name => "on-call";

    public GateLevel Level(GateOptions options) => options.OnCall.Level;

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var needed = context.Options.OnCall.People;
        var people = context
            .WordsOn(Name)
            .Where(w => w.Kind == WordKind.Confirmed)
            .Select(w => w.By)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .ToList();
        var names = people.Count > 0 ? string.Join(", ", people) : "-";
        return Task.FromResult(
            people.Count >= needed
                ? new GateFinding(
                    true,
                    Message.Of("gates.on-call.enough", ("people", names), ("needed", needed)),
                    names
                )
                : new GateFinding(
                    false,
                    Message.Of("gates.on-call.too-few", ("count", people.Count), ("needed", needed), ("people", names))
                )
        );
    }
}
