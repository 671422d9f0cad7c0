namespace Tidelock.Tests.Watching.Peers;

/// <summary>One scenario and what each system does with it.</summary>
/// <param name="Scenario">Which.</param>
/// <param name="Decisions">What Tidelock decides, and when.</param>
/// <param name="Peers">When the others act: Argo Rollouts, Flagger, Prometheus; null for never.</param>
internal sealed record PeerRow(
    Scenario Scenario,
    IReadOnlyList<(double At, string Decision)> Decisions,
    IReadOnlyList<double?> Peers
)
{
    private static readonly string[] Verbs = ["rolls back", "aborts", "rolls back", "tells"];

    public (double From, double To)? Fault => Scenario.Fault;

    public string Text =>
        $"| {Scenario.Shows} ([file]({Link})) | {Since} | {Ours()} | {string.Join(" | ", Peers.Select((_, i) => Theirs(i + 1)))} |";

    private string Link => $"../tests/Tidelock.Tests/Watching/Scenarios/{Scenario.Name}.yaml";

    private string Since => Fault is { } f ? ScenarioText.Time(f.From) : "never";

    /// <summary>Whether a system took the change back, or told people, although nothing was wrong with it.</summary>
    public bool IsFalseAlarm(int system) => Fault is null && ActsAt(system) is not null;

    /// <summary>Whether a system let a fault pass; one that asks a person does not.</summary>
    public bool IsMissed(int system) =>
        Fault is not null && ActsAt(system) is null && !(system == 0 && Decisions[^1].Decision is not "done");

    public double? TimeToAct(int system) =>
        Fault is { } f && ActsAt(system) is { } at && at >= f.From ? at - f.From : null;

    private double? ActsAt(int system) =>
        system > 0 ? Peers[system - 1]
        : Decisions[^1] is { Decision: not "done" } last
        && last.Decision.StartsWith("roll back", StringComparison.Ordinal)
            ? last.At
        : null;

    private string Ours() =>
        Mark(0)
        + string.Join(
            ", ",
            Decisions
                .Where(d => d.At > 0)
                .Select(d =>
                    (
                        d.Decision.Split(',')[0] switch
                        {
                            "roll back" => "rolls back",
                            "hold" => "holds",
                            "continue" => "goes on",
                            _ => "ends",
                        }
                    ) + $" {ScenarioText.Time(d.At)}"
                )
        );

    private string Theirs(int system) =>
        Mark(system) + (ActsAt(system) is { } at ? $"{Verbs[system]} {ScenarioText.Time(at)}" : "nothing");

    private string Mark(int system) => IsFalseAlarm(system) || IsMissed(system) ? "✗ " : "";
}
