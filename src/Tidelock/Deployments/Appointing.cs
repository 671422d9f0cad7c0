using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>
/// What comes before a run whose start is planned: waits until it is time to tell the team, and then until it is time to get ready. Nothing is
/// begun before that, and whoever ends the waiting has left nothing open.
/// </summary>
internal sealed class Appointing(TimeProvider time)
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>So long before it must have been told it is sent: it counts from when it got through, which may take several tries.</summary>
    internal static readonly TimeSpan Sending = TimeSpan.FromMinutes(2);

    /// <summary>Comes back when the run may begin; else with why it does not.</summary>
    /// <param name="request">The change, its place and its appointment.</param>
    /// <param name="prepares">How long before T-0 the run begins to get ready.</param>
    /// <param name="terminal">Where it is seen and ended from.</param>
    /// <param name="announce">Tells the team, and says what went wrong with it; null where nothing is told by this program.</param>
    public async Task<DeploymentEnd?> WaitAsync(
        DeploymentRequest request,
        TimeSpan prepares,
        DeploymentTerminal terminal,
        Func<CancellationToken, Task<IReadOnlyList<Message>>>? announce,
        CancellationToken cancellation
    )
    {
        var appointment = request.Appointment!;
        if (announce is not null)
        {
            // A team that hears of it earlier than it must is not told after the run has begun.
            var before = request.Change.Section<GateOptions>().Announcement.Before + Sending;
            var told = appointment.StartsAt - (before > prepares ? before : prepares);
            var left = await UntilAsync(told, "deployments.appointment.until-told", appointment, terminal, cancellation)
                .ConfigureAwait(false);
            if (left is not null)
            {
                return left;
            }

            foreach (var note in await announce(cancellation).ConfigureAwait(false))
            {
                terminal.Observer.Warned(note);
            }
        }

        return await UntilAsync(
                appointment.StartsAt - prepares,
                "deployments.appointment.until-ready",
                appointment,
                terminal,
                cancellation
            )
            .ConfigureAwait(false);
    }

    private async Task<DeploymentEnd?> UntilAsync(
        DateTimeOffset moment,
        string code,
        Appointment appointment,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        while (time.GetUtcNow() is var now && now < moment)
        {
            if (terminal.Requests.Reader.TryRead(out _))
            {
                return new DeploymentEnd(
                    ExitCode.Refused,
                    Message.Of("deployments.appointment.left", ("at", appointment.Shown))
                );
            }

            var shown = appointment with { StartsAt = moment };
            terminal.Observer.Progressed(
                Appointment.Step,
                Message.Of(code, ("at", appointment.Shown), ("moment", shown.Shown))
            );
            var left = moment - now;
            await Task.Delay(left < Look ? left : Look, time, cancellation).ConfigureAwait(false);
        }

        return null;
    }
}
