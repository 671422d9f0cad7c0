using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Notifications;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>One notice that would be sent, for <c>--json</c>.</summary>
internal sealed record NoticeLine(string Channel, string Language, Moment Moment, string Where, string Body)
{
    [JsonIgnore]
    public Message MomentText =>
        Moment switch
        {
            Moment.Detail => Message.Of("notifications.moment.detail"),
            Moment.Test => Message.Of("notifications.moment.test"),
            Moment.Announced => Message.Of("notifications.moment.announced"),
            Moment.CalledOff => Message.Of("notifications.moment.called-off"),
            Moment.Started => Message.Of("notifications.moment.started"),
            Moment.StepStarted or Moment.StepEnded => Message.Of("notifications.moment.step"),
            Moment.Held => Message.Of("notifications.moment.held"),
            Moment.Continued => Message.Of("notifications.moment.continued"),
            Moment.Decided => Message.Of("notifications.moment.decided"),
            Moment.Changed => Message.Of("notifications.moment.changed"),
            Moment.RollbackStarted => Message.Of("notifications.moment.rollback"),
            Moment.Suspended => Message.Of("notifications.moment.suspended"),
            Moment.Ended => Message.Of("notifications.moment.ended"),
            Moment.NeedsPerson => Message.Of("notifications.moment.needs-person"),
        };

    public string ToJson() => JsonSerializer.Serialize(this, CliJson.Readable.NoticeLine);
}
