using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// T-0 of a run whose start was planned: waits for it and says meanwhile who is late with what. Goes on when it has come and every required
/// gate holds; what is not ready a while after it is given up, and nothing is changed.
/// </summary>
/// <param name="gates">The checklist, for a start at the appointment.</param>
internal sealed class AppointmentStep(GateLook gates) : IStep
{
    /// <summary>Gates ask services that count how often they are asked.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LateEvery = TimeSpan.FromSeconds(30);

    public string Name => Appointment.Step;

    public bool IsPartOf(RunState state) => state.Appointment is not null;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var appointment = context.State.Appointment!;
        var latest = appointment.StartsAt + Appointment.MayBeLate;
        while (true)
        {
            var lacking = await gates.LackingAsync(context, except: null, cancellation).ConfigureAwait(false);
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
