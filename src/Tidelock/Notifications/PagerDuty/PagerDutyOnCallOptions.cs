using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Notifications.PagerDuty;

/// <summary>Section <c>gates.onCall.pagerduty</c>: whose on-calls count.</summary>
/// <param name="Address">The REST API's.</param>
/// <param name="Schedules">Ids of schedules.</param>
/// <param name="EscalationPolicies">Ids of escalation policies.</param>
public sealed record PagerDutyOnCallOptions(
    Uri Address,
    IReadOnlyList<string> Schedules,
    IReadOnlyList<string> EscalationPolicies
)
{
    internal string Token { get; init; } = "";

    /// <summary>Null where there is none, or a mistake leaves none.</summary>
    internal static PagerDutyOnCallOptions? Read(ChangeNode node)
    {
        if (!node.Exists || !node.Only("schedules", "escalationPolicies", "token", "address").IsMapping)
        {
            return null;
        }

        var schedules = Ids(node["schedules"]);
        var policies = Ids(node["escalationPolicies"]);
        if (schedules.Count + policies.Count == 0)
        {
            node.Mistake(Message.Of("notifications.pagerduty.nobody", ("key", node.Key)));
        }

        var token = node["token"].Secret("${PAGERDUTY_TOKEN}");
        var address = node["address"].Address("https://api.pagerduty.com");
        return token is null || address is null
            ? null
            : new PagerDutyOnCallOptions(address, schedules, policies) { Token = token };
    }

    private static List<string> Ids(ChangeNode node) => [.. node.Items.Select(i => i.Text()).Where(i => i.Length > 0)];
}
