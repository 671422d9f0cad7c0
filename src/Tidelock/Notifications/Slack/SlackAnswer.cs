using System.Text.Json;
using Tidelock.Notifications.Http;
using Tidelock.Texts;

namespace Tidelock.Notifications.Slack;

/// <summary>What Slack answered: JSON that says <c>ok</c>, or why there is none.</summary>
/// <param name="Json">The answer; null where it is not Slack's.</param>
/// <param name="Error">Slack's own word for what is wrong; null where it said none.</param>
/// <param name="Problem">For people; null where all went well.</param>
internal sealed record SlackAnswer(JsonElement? Json, string? Error, Message? Problem)
{
    /// <summary>Slack's own troubles, which pass; every other error stays until a person mends it.</summary>
    private static readonly string[] Passing =
    [
        "fatal_error",
        "internal_error",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    ];

    private static readonly string[] BadToken =
    [
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_expired",
        "token_revoked",
    ];

    public TimeSpan? RetryAfter { get; private init; }

    public bool NeedsPerson { get; private init; }

    /// <summary>One that only a person can mend.</summary>
    public static SlackAnswer Refusing(Message problem) => new(null, null, problem) { NeedsPerson = true };

    public static SlackAnswer Of(ApiReply reply)
    {
        if (reply.Problem is { } problem)
        {
            return new SlackAnswer(null, null, problem)
            {
                RetryAfter = reply.RetryAfter,
                NeedsPerson = !reply.MayGoWellLater,
            };
        }

        if (reply.Json() is not { ValueKind: JsonValueKind.Object } json || !json.TryGetProperty("ok", out var ok))
        {
            return new SlackAnswer(null, null, reply.NotAsDocumented);
        }

        return ok.ValueKind is JsonValueKind.True
            ? new SlackAnswer(json, null, null) { Scopes = reply.Words("x-oauth-scopes") }
            : Refused(json, json.Text("error") ?? "-") with
            {
                RetryAfter = reply.RetryAfter,
            };
    }

    /// <summary>A text of the answer: <c>ts</c>, <c>channel</c>.</summary>
    public string? this[string name] => Json?.Text(name);

    /// <summary>Where the next page begins; empty for none.</summary>
    public string Cursor => Json?.Part("response_metadata")?.Text("next_cursor") ?? "";

    /// <summary>What the token may do; null where Slack does not say.</summary>
    public IReadOnlyList<string>? Scopes { get; private init; }

    private static SlackAnswer Refused(JsonElement json, string error) =>
        new(json, error, Message.Of("notifications.slack.error", ("error", error), ("mend", Mend(json, error))))
        {
            NeedsPerson = !Passing.Contains(error, StringComparer.Ordinal),
        };

    private static Message Mend(JsonElement json, string error) =>
        error switch
        {
            _ when BadToken.Contains(error, StringComparer.Ordinal) => Message.Of("notifications.slack.mend-token"),
            "channel_not_found" => Message.Of("notifications.slack.mend-channel"),
            "not_in_channel" => Message.Of("notifications.slack.mend-invite"),
            "is_archived" => Message.Of("notifications.slack.mend-archived"),
            "missing_scope" => Message.Of("notifications.slack.mend-scope", ("scope", json.Text("needed") ?? "-")),
            _ when Passing.Contains(error, StringComparer.Ordinal) => Message.Of("notifications.slack.mend-later"),
            _ => Message.Of("notifications.slack.mend-other", ("error", error)),
        };
}
