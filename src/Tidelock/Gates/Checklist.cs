using Tidelock.Policies;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>All gates of a change, evaluated for one start.</summary>
public sealed class Checklist(IReadOnlyList<IGate> gates)
{
    /// <summary>The finding of a gate that somebody passed over.</summary>
    internal const string PassedOver = "gates.overridden";

    public IReadOnlyList<string> Names { get; } = [.. gates.Select(g => g.Name)];

    /// <summary>The gate of a name; null for none.</summary>
    public IGate? Find(string name) => gates.FirstOrDefault(g => string.Equals(g.Name, name, StringComparison.Ordinal));

    /// <summary>Every gate that is not off, as it stands now, in the order of the checklist; before them what there is to say of the policy.</summary>
    public async Task<IReadOnlyList<GateStanding>> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var standings = new List<GateStanding>();
        foreach (var gate in gates.Where(g => g.Level(context.Options) != GateLevel.Off))
        {
            var finding = await gate.EvaluateAsync(context, cancellation).ConfigureAwait(false);
            standings.Add(Standing(gate, context, finding));
        }

        return await PolicyStanding.ReadAsync(context, cancellation).ConfigureAwait(false) is { } policy
            ? [policy, .. standings]
            : standings;
    }

    /// <summary>The same for a run that is under way and makes its change at its appointment.</summary>
    internal async Task<IReadOnlyList<GateStanding>> OfRunAsync(
        StepContext run,
        IJournal journal,
        CancellationToken cancellation
    )
    {
        var context = await GateContext
            .ReadAsync(
                run.Change,
                run.TargetEnvironment,
                run.Target,
                journal,
                run.State.Appointment?.StartsAt,
                run.State.Started?.By ?? "",
                run.Time,
                cancellation
            )
            .ConfigureAwait(false);
        var began = run.State.Appointment is null ? run.State.StartedAt : (DateTimeOffset?)null;
        return await EvaluateAsync(context with { Began = began, TakenBy = run.State.TakenBy }, cancellation)
            .ConfigureAwait(false);
    }

    private static GateStanding Standing(IGate gate, GateContext context, GateFinding finding)
    {
        var level = gate.Level(context.Options);
        var overridden = context.WordsOn(gate.Name).LastOrDefault(w => w.Kind == WordKind.Overridden);
        var key = GateOptions.KeyOf(gate.Name);
        var refusal = WithRules(finding.Finding, [.. context.Options.Rules[key]]);
        if (finding.Passed || overridden is null || !gate.MayBeOverridden)
        {
            return new GateStanding(
                gate.Name,
                level,
                finding.Passed,
                finding.Passed ? finding.Finding : refusal,
                finding.By,
                finding.InRed
            );
        }

        if (context.Options.Policy?.Forbids(key, overridden.By) is { } rule)
        {
            var forbidden = Message.Of(
                "gates.policy.forbidden",
                ("by", overridden.By),
                ("rule", rule.Text),
                ("finding", refusal)
            );
            return new GateStanding(gate.Name, level, Passed: false, forbidden, By: null, Overridden: false);
        }

        var text = Message.Of(
            PassedOver,
            ("by", overridden.By),
            ("at", overridden.At),
            ("reason", overridden.Note),
            ("finding", finding.Finding)
        );
        return new GateStanding(gate.Name, level, Passed: true, text, overridden.By, Overridden: true);
    }

    /// <summary>A refusal names the rules of the policy without which the change would ask for less.</summary>
    private static Message WithRules(Message finding, IReadOnlyList<PolicyRule> rules) =>
        rules.Count == 0
            ? finding
            : Message.Of(
                "gates.policy.demanded",
                ("finding", finding),
                ("rules", Several.All([.. rules.Select(r => r.Text)]))
            );
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
