using Tidelock.Backups;

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
);

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
public sealed record SoakGateOptions(GateLevel Level, string Environment, TimeSpan Soak);

/// <summary>G3. <c>approval: { required: 2 }</c>: how many people other than each other.</summary>
public sealed record ApprovalGateOptions(GateLevel Level, int Required);

/// <summary>G4. <c>announcement: { before: 30m }</c>.</summary>
public sealed record AnnouncementGateOptions(GateLevel Level, TimeSpan Before);

/// <summary>G5. <c>dashboards: [ addresses ]</c>.</summary>
public sealed record DashboardsGateOptions(GateLevel Level, IReadOnlyList<Uri> Addresses);

/// <summary>G7. Local times in an IANA zone; the end is exclusive; a window may cross midnight. Null times: any time.</summary>
public sealed record WindowGateOptions(GateLevel Level, TimeOnly? From, TimeOnly? To, string Zone);

/// <summary>G8. <c>onCall: { people: 2 }</c>.</summary>
public sealed record OnCallGateOptions(GateLevel Level, int People);

/// <summary>G9. Whether progress is shared in a channel.</summary>
public sealed record SlackGateOptions(GateLevel Level, string? Channel);
