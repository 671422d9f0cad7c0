using Tidelock.Backups;
using Tidelock.Calendars;
using Tidelock.Gates.Approvals;
using Tidelock.Notifications.PagerDuty;
using Tidelock.Policies;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>Section <c>gates:</c>. A gate that the author does not mention has its default level and settings.</summary>
public sealed record GateOptions(
    SoakGateOptions Staging,
    GateLevel BackupLevel,
    BackupOptions Backup,
    ApprovalGateOptions Approval,
    AnnouncementGateOptions Announcement,
    DashboardsGateOptions Dashboards,
    GateLevel RollbackPlan,
    WindowGateOptions Window,
    OnCallGateOptions OnCall,
    SlackGateOptions Slack
)
{
    /// <summary>The team's policy, to which all of this is held; null where there is none for the environment.</summary>
    public EnvironmentPolicy? Policy { get; init; }

    /// <summary>By key of a gate: the rules that made it stricter than the change says.</summary>
    public ILookup<string, PolicyRule> Rules { get; init; } =
        Array.Empty<PolicyRule>().ToLookup(_ => "", StringComparer.Ordinal);

    /// <summary>Whether an approval that is typed by whoever runs the change counts.</summary>
    public bool MayBeApprovedByExecutor =>
        Policy?.Signers is null
        && (Approval is { Required: 1, MostRequired: 1 } || Policy?.Allowed.HasFlag(OwnWork.ExecutorApproves) == true);

    /// <summary>The key a gate has in files, by the name people type.</summary>
    public static string KeyOf(string gate) =>
        gate switch
        {
            "rollback" => "rollbackPlan",
            "on-call" => "onCall",
            _ => gate,
        };
}

/// <summary>How much a gate matters.</summary>
public enum GateLevel
{
    /// <summary>Not looked at, and shown as not looked at.</summary>
    Off,

    /// <summary>Shown; the run goes on without it.</summary>
    Recommended,

    /// <summary>The run does not start without it.</summary>
    Required,
}

/// <summary>G1. <c>staging: { soak: 24h }</c>; the environment is the one named <c>staging</c> unless said otherwise.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="Environment">Which environment is staging.</param>
/// <param name="Soak">For how long nothing may have been wrong there.</param>
/// <param name="Gap">The longest time between two looks.</param>
/// <param name="Age">How long ago the last look may be.</param>
/// <param name="Evidence">The signed file that says so, from the change's folder; null for the journal.</param>
/// <param name="Signers">Whose signature counts where no policy says so, as OpenSSH's <c>allowed_signers</c>; null for nobody's.</param>
public sealed record SoakGateOptions(
    GateLevel Level,
    string Environment,
    TimeSpan Soak,
    TimeSpan Gap,
    TimeSpan Age,
    string? Evidence,
    string? Signers
);

/// <summary>G3. <c>approval: { required: 2 }</c>: how many people other than each other.</summary>
public sealed record ApprovalGateOptions(GateLevel Level, int Required)
{
    /// <summary>How long an approval counts; <see cref="TimeSpan.MaxValue"/> for as long as nobody withdraws it.</summary>
    public TimeSpan Expires { get; init; } = TimeSpan.MaxValue;

    /// <summary>Who else must say that the change is approved.</summary>
    public IReadOnlyList<ApprovalSource> Sources { get; init; } = [];

    /// <summary>How many people must approve it, here or in a place that is asked.</summary>
    public int MostRequired => Sources.Select(s => s.Required).Append(Required).Max();

    /// <summary>Whom a look at the gate asks, and which variables of whoever looks they get.</summary>
    public IEnumerable<Message> Asked => Level == GateLevel.Off ? [] : Sources.Select(s => s.Asks);
}

/// <summary>G4. <c>announcement: { before: 30m, channels: [slack] }</c>.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="Before">How long before the start.</param>
/// <param name="Channels">Over each of which Tidelock itself must have told it; empty where any will do, or a person's word.</param>
public sealed record AnnouncementGateOptions(GateLevel Level, TimeSpan Before, IReadOnlyList<string> Channels);

/// <summary>G5. <c>dashboards: [ addresses ]</c>.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="Addresses">Where people look.</param>
/// <param name="Grafana">The Grafana whose API is asked about its dashboards; null for none.</param>
public sealed record DashboardsGateOptions(GateLevel Level, IReadOnlyList<Uri> Addresses, HttpAccess? Grafana);

/// <summary>G7: when runs may go.</summary>
public sealed record WindowGateOptions(GateLevel Level, Window Window);

/// <summary>G8. <c>onCall: { people: 2, pagerduty: { schedules: [PABC123] } }</c>.</summary>
/// <param name="Level">How much it matters.</param>
/// <param name="People">How many.</param>
/// <param name="PagerDuty">Whose on-calls count; null where people say that they stand by.</param>
public sealed record OnCallGateOptions(GateLevel Level, int People, PagerDutyOnCallOptions? PagerDuty);

/// <summary>G9. Whether progress is shared in a channel.</summary>
public sealed record SlackGateOptions(GateLevel Level, string? Channel);
