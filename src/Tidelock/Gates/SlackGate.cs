using Tidelock.Notifications;
using Tidelock.Notifications.Sending;
using Tidelock.Notifications.Slack;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G9: progress is shared in a channel. Where Tidelock shares it by itself, the channel must answer; else a named person says so.</summary>
internal sealed class SlackGate(ChannelFactory channels) : IGate
{
    public string Name => "slack";

    public GateLevel Level(GateOptions options) => options.Slack.Level;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var answer = await AnswerAsync(context, cancellation).ConfigureAwait(false);
        if (answer is { Passed: true })
        {
            return new GateFinding(true, answer.Finding);
        }

        if (context.Confirmation(Name) is { } word)
        {
            return new GateFinding(
                true,
                Message.Of("gates.confirmed", ("by", word.By), ("at", word.At), ("note", word.Note)),
                word.By
            );
        }

        var channel = context.Options.Slack.Channel ?? "Slack";
        var missing = answer is null
            ? Message.Of("gates.slack.missing", ("channel", channel))
            : Message.Of("gates.slack.no-answer", ("channel", channel), ("reason", answer.Finding));
        return new GateFinding(false, context.Unconfirmed(Name, missing));
    }

    /// <summary>Whether the run is told in the very channel that the gate is about.</summary>
    private static bool IsSame(ChannelOptions options, string? channel) =>
        options is SlackOptions { Channel: var told }
        && string.Equals(told?.TrimStart('#'), channel?.TrimStart('#'), StringComparison.Ordinal);

    /// <summary>Null where Tidelock sends nothing to that channel.</summary>
    private async Task<ChannelAnswer?> AnswerAsync(GateContext context, CancellationToken cancellation)
    {
        foreach (var (kind, options, channel) in channels.Of(context.Change, context.Time))
        {
            if (kind == SlackKind.Name && IsSame(options, context.Options.Slack.Channel))
            {
                return await ChannelCall.AskAsync(channel, context.Time, cancellation).ConfigureAwait(false);
            }
        }

        return null;
    }
}
