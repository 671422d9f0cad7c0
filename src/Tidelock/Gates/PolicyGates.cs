using Tidelock.Backups;
using Tidelock.Calendars;
using Tidelock.Changes;
using Tidelock.Policies;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// Holds a change's gates to its team's policy: of each level and threshold the stricter one counts, and what the policy made stricter is
/// kept for the refusal that names it.
/// </summary>
internal sealed class PolicyGates(EnvironmentPolicy policy, ChangeNode written)
{
    /// <summary>The keys of each gate in which a policy can be stricter than a change.</summary>
    private static readonly (string Gate, string[] Keys)[] Keys =
    [
        ("staging", ["soak", "environment", "gap", "age"]),
        ("backup", ["maxAge", "proof"]),
        ("approval", ["required", "expires", "github", "command", "http"]),
        ("announcement", ["before", "channels"]),
        ("dashboards", ["addresses", "grafana"]),
        ("rollbackPlan", []),
        ("window", [.. WindowSection.Keys]),
        ("onCall", ["people", "pagerduty"]),
        ("slack", ["channel"]),
    ];

    private readonly List<(string Gate, PolicyRule Rule)> rules = [];

    private ChangeNode Demanded => policy.Gates!;

    /// <summary>Whether the policy's gates can be read as a change's; other keys are mistakes, and so are those of gates that nobody passes over.</summary>
    public static bool Fits(EnvironmentPolicy policy)
    {
        var (gates, overrides) = (policy.Gates!, policy.OverridesNode!);
        if (overrides.Exists)
        {
            overrides.Only([.. Keys.Select(k => k.Gate).Except(["backup", "rollbackPlan"])]);
        }

        if (!gates.Exists)
        {
            return false;
        }

        gates.Only([.. Keys.Select(k => k.Gate)]);
        foreach (var (gate, keys) in Keys.Where(k => IsWithSettings(gates[k.Gate], k.Gate)))
        {
            gates[gate].Only([.. keys, "level"]);
        }

        return !gates.Context.Mistakes.Any;
    }

    /// <summary>Dashboards may be written as a list of them.</summary>
    private static bool IsWithSettings(ChangeNode node, string gate) =>
        node.IsMapping || (node.IsList && gate != "dashboards");

    public GateOptions Hold(GateOptions own, GateOptions demanded)
    {
        var held = own with
        {
            Staging = Hold(own.Staging, demanded.Staging),
            BackupLevel = Level("backup", own.BackupLevel, demanded.BackupLevel),
            Backup = demanded.BackupLevel == GateLevel.Off ? own.Backup : Hold(own.Backup, demanded.Backup),
            Approval = Hold(own.Approval, demanded.Approval),
            Announcement = new AnnouncementGateOptions(
                Level("announcement", own.Announcement.Level, demanded.Announcement.Level),
                Most("announcement", "before", own.Announcement.Before, demanded.Announcement.Before),
                All("announcement", "channels", own.Announcement.Channels, demanded.Announcement.Channels)
            ),
            Dashboards = new DashboardsGateOptions(
                Level("dashboards", own.Dashboards.Level, demanded.Dashboards.Level),
                All("dashboards", "addresses", own.Dashboards.Addresses, demanded.Dashboards.Addresses),
                Teams("dashboards", "grafana", own.Dashboards.Grafana, demanded.Dashboards.Grafana)
            ),
            RollbackPlan = Level("rollbackPlan", own.RollbackPlan, demanded.RollbackPlan),
            Window = Hold(own.Window, demanded.Window),
            OnCall = new OnCallGateOptions(
                Level("onCall", own.OnCall.Level, demanded.OnCall.Level),
                Most("onCall", "people", own.OnCall.People, demanded.OnCall.People),
                Teams("onCall", "pagerduty", own.OnCall.PagerDuty, demanded.OnCall.PagerDuty)
            ),
            Slack = new SlackGateOptions(
                Level("slack", own.Slack.Level, demanded.Slack.Level),
                Teams("slack", "channel", own.Slack.Channel, demanded.Slack.Channel)
            ),
        };
        return held with { Policy = policy, Rules = rules.Distinct().ToLookup(r => r.Gate, r => r.Rule) };
    }

    private SoakGateOptions Hold(SoakGateOptions own, SoakGateOptions demanded)
    {
        if (!Demanded["staging"].Exists)
        {
            return own;
        }

        // A change that calls another environment its staging would need none.
        var environment = demanded.Environment;
        if (environment != own.Environment)
        {
            Add("staging", Demanded["staging"]);
        }

        return own with
        {
            Level = Level("staging", own.Level, demanded.Level),
            Environment = environment,
            Soak = Most("staging", "soak", own.Soak, demanded.Soak),
            Gap = Least("staging", "gap", own.Gap, demanded.Gap),
            Age = Least("staging", "age", own.Age, demanded.Age),
        };
    }

    private BackupOptions Hold(BackupOptions own, BackupOptions demanded)
    {
        var held = own with
        {
            MaxAge = Least("backup", "maxAge", own.MaxAge, demanded.MaxAge),
            Proof = Most("backup", "proof", own.Proof, demanded.Proof),
        };
        if (held.By == BackupSource.Confirmed && held.Proof > own.Proof)
        {
            var proof = Demanded["backup"]["proof"];
            (written["backup"].Exists ? written["backup"] : written).Mistake(
                Message.Of(
                    "gates.policy.proof",
                    ("rule", PolicyRule.At(proof.Exists ? proof : Demanded["backup"]).Text),
                    ("proof", held.Proof.ToString().ToLowerInvariant())
                )
            );
        }

        return held;
    }

    private ApprovalGateOptions Hold(ApprovalGateOptions own, ApprovalGateOptions demanded) =>
        own with
        {
            Level = Level("approval", own.Level, demanded.Level),
            Required = Most("approval", "required", own.Required, demanded.Required),
            Expires = Least("approval", "expires", own.Expires, demanded.Expires),
            Sources = Demanded["approval"].Exists
                ? [.. own.Sources, .. demanded.Sources.Except(own.Sources)]
                : own.Sources,
        };

    /// <summary>A run must fit both windows; a change without one has the team's.</summary>
    private WindowGateOptions Hold(WindowGateOptions own, WindowGateOptions demanded)
    {
        if (!Demanded["window"].Exists)
        {
            return own;
        }

        var level = Level("window", own.Level, demanded.Level);
        if (own.Level == level)
        {
            Add("window", Demanded["window"]);
        }

        return new WindowGateOptions(
            level,
            own.Level == GateLevel.Off ? demanded.Window : own.Window.And(demanded.Window)
        );
    }

    private GateLevel Level(string gate, GateLevel own, GateLevel demanded)
    {
        var node = Demanded[gate];
        if (!node.Exists || demanded <= own)
        {
            return own;
        }

        Add(gate, node["level"].Exists ? node["level"] : node);
        return demanded;
    }

    /// <summary>Whom the team asks, in place of whom the change would.</summary>
    private T Teams<T>(string gate, string key, T own, T demanded)
    {
        if (Demanded[gate][key] is not { Exists: true } node || Equals(own, demanded))
        {
            return own;
        }

        Add(gate, node);
        return demanded;
    }

    private IReadOnlyList<T> All<T>(string gate, string key, IReadOnlyList<T> own, IReadOnlyList<T> demanded)
    {
        var more = demanded.Except(own).ToList();
        if (more.Count > 0)
        {
            Add(gate, Demanded[gate][key] is { Exists: true } node ? node : Demanded[gate]);
        }

        return [.. own, .. more];
    }

    private T Most<T>(string gate, string key, T own, T demanded)
        where T : IComparable => Stricter(gate, key, own, demanded, demanded.CompareTo(own) > 0);

    private T Least<T>(string gate, string key, T own, T demanded)
        where T : IComparable => Stricter(gate, key, own, demanded, demanded.CompareTo(own) < 0);

    private T Stricter<T>(string gate, string key, T own, T demanded, bool isStricter)
    {
        // A gate that is demanded without a threshold is demanded with its default.
        var node = Demanded[gate][key];
        if (!Demanded[gate].Exists || !isStricter)
        {
            return own;
        }

        Add(gate, node.Exists ? node : Demanded[gate]);
        return demanded;
    }

    private void Add(string gate, ChangeNode node) => rules.Add((gate, PolicyRule.At(node)));
}
