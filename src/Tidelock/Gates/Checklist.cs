using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>All gates of a change, evaluated for one start.</summary>
public sealed class Checklist(IReadOnlyList<IGate> gates)
{
    public IReadOnlyList<string> Names { get; } = [.. gates.Select(g => g.Name)];

    /// <summary>The gate of a name; null for none.</summary>
    public IGate? Find(string name) => gates.FirstOrDefault(g => string.Equals(g.Name, name, StringComparison.Ordinal));

    /// <summary>Every gate that is not off, as it stands now, in the order of the checklist.</summary>
    public async Task<IReadOnlyList<GateStanding>> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var standings = new List<GateStanding>();
        foreach (var gate in gates.Where(g => g.Level(context.Options) != GateLevel.Off))
        {
            var finding = await gate.EvaluateAsync(context, cancellation).ConfigureAwait(false);
            standings.Add(Standing(gate, context, finding));
        }

        return standings;
    }

    private static GateStanding Standing(IGate gate, GateContext context, GateFinding finding)
    {
        var level = gate.Level(context.Options);
        var overridden = context.WordsOn(gate.Name).LastOrDefault(w => w.Kind == WordKind.Overridden);
        if (finding.Passed || overridden is null || !gate.MayBeOverridden)
        {
            return new GateStanding(gate.Name, level, finding.Passed, finding.Finding, finding.By, Overridden: false);
        }

        var text = Message.Of(
            "gates.overridden",
            ("by", overridden.By),
            ("at", overridden.At),
            ("reason", overridden.Note),
            ("finding", finding.Finding)
        );
        return new GateStanding(gate.Name, level, Passed: true, text, overridden.By, Overridden: true);
    }
}

/// <summary>A gate as it stands.</summary>
public sealed record GateStanding(
    string Name,
    GateLevel Level,
    bool Passed,
    Message Finding,
    string? By,
    bool Overridden
)
{
    /// <summary>Whether it keeps the run from starting.</summary>
    public bool Refuses => !Passed && Level == GateLevel.Required;

    /// <summary>As it is journaled.</summary>
    public GateEvaluated AsEvent() => new(Name, Level.ToString().ToLowerInvariant(), Passed, Finding, By, Overridden);
}
