using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>The checklist looked at again by a run that is under way; a gate that stands otherwise than before is journaled.</summary>
/// <param name="look">The checklist as it stands.</param>
internal sealed class GateLook(Func<StepContext, CancellationToken, Task<IReadOnlyList<GateStanding>>> look)
{
    /// <summary>How long what the gates said counts for a change that is not made yet.</summary>
    private static readonly TimeSpan Holds = TimeSpan.FromMinutes(15);

    /// <summary>What keeps the run from going on, each gate with what it says; null for nothing.</summary>
    /// <param name="context">The step's.</param>
    /// <param name="except">A gate that somebody else looks at; null for none.</param>
    public async Task<Message?> LackingAsync(StepContext context, string? except, CancellationToken cancellation)
    {
        var standings = await look(context, cancellation).ConfigureAwait(false);
        var others = standings.Where(s => s.Name != except).ToList();
        foreach (var standing in others.Select(s => s.AsEvent()).Where(e => IsNews(context.State, e)))
        {
            await context.AppendAsync(standing, cancellation).ConfigureAwait(false);
        }

        var refusing = others
            .Where(s => s.Refuses)
            .Select(s => Message.Of("steps.appointment.gate", ("gate", s.Name), ("finding", s.Finding)))
            .ToList();
        return refusing.Count == 0 ? null : Several.All(refusing);
    }

    /// <summary>Whether the gates were looked at so long ago that they may stand otherwise: the run was stopped or paused, or its backup took long.</summary>
    public static bool IsOld(RunState state, DateTimeOffset now) =>
        state.Gates.Count > 0
        && now - Latest(state.Gates.Values.Max(g => g.At), state.Step(Appointment.Step).EndedAt) > Holds;

    private static DateTimeOffset Latest(DateTimeOffset one, DateTimeOffset? other) => other > one ? other.Value : one;

    private static bool IsNews(RunState state, GateEvaluated now) =>
        !state.Gates.TryGetValue(now.Gate, out var then)
        || (then.Passed, then.Overridden, then.By, then.Finding.Code)
            != (now.Passed, now.Overridden, now.By, now.Finding.Code);
}
