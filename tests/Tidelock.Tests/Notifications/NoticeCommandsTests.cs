using Tidelock.Notifications.Words;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

public sealed class NoticeCommandsTests
{
    [Fact]
    public void A_planned_start_that_is_late_waits_for_its_gates_and_for_no_word_to_go_on()
    {
        var late = Message.Of("steps.appointment.late", ("at", "02:30"), ("lacking", "on-call"));
        Assert.Equal(["tidelock status RUN", "tidelock abort RUN"], CommandsIn(late));
        Assert.Contains("tidelock continue RUN", CommandsIn(Message.Of("watching.hold.no-data", ("signal", "p95"))));
    }

    private static IReadOnlyList<string> CommandsIn(Message hold)
    {
        var held = new RunHeld(hold, SampleEvents.Zero.AddMinutes(15));
        return NoticeWords.Commands(SlackBench.Of(SlackBench.NoIds, SampleEvents.Started, held).View);
    }
}
