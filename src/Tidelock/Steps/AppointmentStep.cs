using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// T-0 of a run whose start was planned: waits for it and says meanwhile who is late with what. Goes on when it has come and every required
/// gate holds; what is not ready a while after it is given up, and nothing is changed.
/// </summary>
/// <param name="look">The checklist as it stands, for a start at the appointment.</param>
internal sealed class AppointmentStep(Func<StepContext, CancellationToken, Task<IReadOnlyList<GateStanding>>> look)
    : IStep
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LateEvery = TimeSpan.FromSeconds(5);

    public string Name => Appointment.Step;

    public bool IsPartOf(RunState state) => state.Appointment is not null;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var appointment = context.State.Appointment!;
        var latest = appointment.StartsAt + Appointment.MayBeLate;
        while (true)
        {
            var lacking = await LackingAsync(context, cancellation).ConfigureAwait(false);
            var now = context.Time.GetUtcNow();
            if (now >= appointment.StartsAt && (lacking is null || now >= latest))
            {
                return await EndAsync(context, appointment, lacking, now, cancellation).ConfigureAwait(false);
            }

            await TellAsync(context, appointment, lacking, now, cancellation).ConfigureAwait(false);
            var left = appointment.StartsAt - now;
            var pause =
                left <= TimeSpan.Zero ? LateEvery
                : left < LookEvery ? left
                : LookEvery;
            await Task.Delay(pause, context.Time, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>What keeps the run from going on, each gate with what it says; null for nothing. A gate that stands otherwise than before is journaled.</summary>
    private async Task<Message?> LackingAsync(StepContext context, CancellationToken cancellation)
    {
        var standings = await look(context, cancellation).ConfigureAwait(false);
        foreach (var standing in standings.Select(s => s.AsEvent()).Where(e => IsNews(context.State, e)))
        {
            await context.AppendAsync(standing, cancellation).ConfigureAwait(false);
        }

        var refusing = standings
            .Where(s => s.Refuses)
            .Select(s => Message.Of("steps.appointment.gate", ("gate", s.Name), ("finding", s.Finding)))
            .ToList();
        return refusing.Count == 0 ? null : Several.All(refusing);
    }

    private static bool IsNews(RunState state, GateEvaluated now) =>
        !state.Gates.TryGetValue(now.Gate, out var then)
        || (then.Passed, then.Overridden, then.By, then.Finding.Code)
            != (now.Passed, now.Overridden, now.By, now.Finding.Code);

    private static async Task TellAsync(
        StepContext context,
        Appointment appointment,
        Message? lacking,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        if (now < appointment.StartsAt)
        {
            context.Report(
                lacking is null
                    ? Message.Of("steps.appointment.ready", ("at", appointment.Shown))
                    : Message.Of("steps.appointment.lacking", ("at", appointment.Shown), ("lacking", lacking))
            );
            return;
        }

        var reason = Message.Of("steps.appointment.late", ("at", appointment.Shown), ("lacking", lacking));
        var isNews = context.State.Held is not { } held || held.Reason.Code != reason.Code;
        if (isNews)
        {
            var until = appointment.StartsAt + Appointment.MayBeLate;
            await context.AppendAsync(new RunHeld(reason, until), cancellation).ConfigureAwait(false);
        }

        context.Report(reason);
    }

    private static async Task<StepOutcome> EndAsync(
        StepContext context,
        Appointment appointment,
        Message? lacking,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var late = now - appointment.StartsAt;
        if (lacking is not null)
        {
            return StepOutcome.Refused(
                Message.Of(
                    "steps.appointment.given-up",
                    ("at", appointment.Shown),
                    ("late", late),
                    ("lacking", lacking)
                )
            );
        }

        if (late >= Appointment.MayBeLate)
        {
            return StepOutcome.Refused(
                Message.Of(
                    "steps.appointment.over",
                    ("at", appointment.Shown),
                    ("late", late),
                    ("limit", Appointment.MayBeLate)
                )
            );
        }

        var finding = Message.Of(
            late < LateEvery ? "steps.appointment.started" : "steps.appointment.started-late",
            ("at", appointment.Shown),
            ("late", late)
        );
        if (context.State.Held is not null)
        {
            await context.AppendAsync(new RunContinued(finding), cancellation).ConfigureAwait(false);
        }

        return StepOutcome.Passed(finding);
    }
}
