using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G3: enough different people approved exactly this digest for this environment.</summary>
internal sealed class ApprovalGate : IGate
{
    public string Name => "approval";

    public GateLevel Level(GateOptions options) => options.Approval.Level;

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var required = context.Options.Approval.Required;
        var people = Approvers(context.Words);
        var names = string.Join(", ", people);
        return Task.FromResult(
            people.Count >= required
                ? new GateFinding(
                    true,
                    Message.Of("gates.approval.given", ("people", names), ("required", required)),
                    names
                )
                : new GateFinding(
                    false,
                    Message.Of(
                        "gates.approval.missing",
                        ("given", people.Count),
                        ("required", required),
                        ("people", names.Length > 0 ? names : "-"),
                        ("change", context.Change.Folder),
                        ("environment", context.TargetEnvironment.Name)
                    )
                )
        );
    }

    /// <summary>Each person's last word on the approval counts.</summary>
    private List<string> Approvers(IReadOnlyList<Word> words) =>
        [
            .. words
                .Where(w => string.Equals(w.Gate, Name, StringComparison.Ordinal))
                .GroupBy(w => w.By, StringComparer.OrdinalIgnoreCase)
                .Where(g => g.Last().Kind == WordKind.Confirmed)
                .Select(g => g.Key),
        ];
}
