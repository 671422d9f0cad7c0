using Tidelock.Backups;
using Tidelock.Calendars;
using Tidelock.Changes;
using Tidelock.Evidence.Soaking;
using Tidelock.Gates.Approvals;
using Tidelock.Notifications;
using Tidelock.Notifications.Grafana;
using Tidelock.Notifications.PagerDuty;
using Tidelock.Notifications.Slack;
using Tidelock.Policies;
using Tidelock.Probes;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// Reads <c>gates:</c>. A gate is written as its settings, or as one word for its level. One that is mentioned is required unless
/// its level says otherwise; of the others only the backup and the rollback plan are.
/// </summary>
/// <param name="channels">The kinds of channels there are.</param>
internal sealed class GatesSection(IReadOnlyList<IChannelKind> channels) : IChangeSection
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Two looks that are further apart are no watching.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromHours(6);
    private static readonly TimeSpan Year = TimeSpan.FromDays(366);

    public string Key => "gates";

    public string SchemaFragment => SchemaFragments.Beside<GatesSection>("gates");

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        var own = ReadGates(node, earlier);
        if (earlier.Environment is not { } name || PolicyFile.Of(node.Context, name) is not { } policy)
        {
            return own;
        }

        var demanded = policy.Gates!;
        var held = PolicyGates.Fits(policy)
            ? new PolicyGates(policy, node).Hold(own, ReadGates(demanded, earlier))
            : own with
            {
                Policy = policy,
            };
        node.Context.Mistakes.AddAll(demanded.Context.Mistakes);
        return held;
    }

    /// <summary>A way back that restores a dump is not gone with the files of a whole server.</summary>
    private static BackupOptions ReadBackup(ChangeNode node, RollbackOptions rollback)
    {
        var backup = BackupSection.Read(Settings(node, BackupSection.Keys));
        if (
            backup is { By: BackupSource.PgBackRest, Proof: BackupLevel.Rehearsed }
            && RollbackOptions.Restores(rollback.Method)
        )
        {
            node.Mistake(Message.Of("rehearsals.files.no-dump", ("method", rollback.Method)));
        }

        return backup;
    }

    private GateOptions ReadGates(ChangeNode node, SectionReadings earlier)
    {
        if (node.Exists)
        {
            node.Only(
                "staging",
                "backup",
                "approval",
                "announcement",
                "dashboards",
                "rollbackPlan",
                "window",
                "onCall",
                "slack"
            );
        }

        return new GateOptions(
            ReadSoak(node["staging"], earlier.Environments),
            Level(node["backup"], GateLevel.Required),
            ReadBackup(node["backup"], earlier.Get<RollbackOptions>()),
            ReadApproval(node["approval"]),
            ReadAnnouncement(node["announcement"]),
            ReadDashboards(node["dashboards"], earlier.Get<NotifyOptions>()),
            ReadRollbackPlan(node["rollbackPlan"]),
            ReadWindow(node["window"]),
            ReadOnCall(node["onCall"]),
            ReadSlack(node["slack"], earlier.Get<NotifyOptions>())
        );
    }

    private static SoakGateOptions ReadSoak(ChangeNode node, IReadOnlyList<string> environments)
    {
        var settings = Settings(node, "soak", "environment", "gap", "age", "evidence", "signers");
        var options = new SoakGateOptions(
            Level(node),
            settings["environment"].Text("staging"),
            settings["soak"].Duration(TimeSpan.FromHours(24), Second, Year),
            settings["gap"].Duration(SoakStanding.UsualGap, Second, LongestGap),
            settings["age"].Duration(TimeSpan.FromDays(7), Second, Year),
            settings["evidence"].AnyText(),
            settings["signers"].AnyText()
        );
        if (options.Signers is { } signers)
        {
            node.Context.Files.Take(signers);
        }

        if (options.Level != GateLevel.Off && !environments.Contains(options.Environment, StringComparer.Ordinal))
        {
            var known = string.Join(", ", environments);
            (settings["environment"].Exists ? settings["environment"] : node).Mistake(
                Message.Of("gates.staging.environment", ("environment", options.Environment), ("known", known))
            );
        }

        return options;
    }

    private static ApprovalGateOptions ReadApproval(ChangeNode node)
    {
        var settings = Settings(node, "required", "expires", "github", "command", "http");
        var sources = ApprovalSource.ReadAll(settings);
        var expires = settings["expires"];
        return new ApprovalGateOptions(Level(node), settings["required"].Integer(sources.Count == 0 ? 1 : 0, 1, 20))
        {
            Expires = expires.Exists ? expires.Duration(Year, TimeSpan.FromMinutes(1), Year) : TimeSpan.MaxValue,
            Sources = sources,
        };
    }

    private AnnouncementGateOptions ReadAnnouncement(ChangeNode node)
    {
        var settings = Settings(node, "before", "channels");
        var over = settings["channels"];
        return new AnnouncementGateOptions(
            Level(node),
            settings["before"].Duration(TimeSpan.FromMinutes(30), Second, TimeSpan.FromDays(30)),
            over.Exists ? [.. over.Items.Select(c => c.Word("", [.. channels.Select(k => (k.Key, k.Key))]))] : []
        );
    }

    private static DashboardsGateOptions ReadDashboards(ChangeNode node, NotifyOptions notify)
    {
        var settings = node.IsList ? node : Settings(node, "addresses", "grafana");
        var list = node.IsList ? node : settings["addresses"];
        var grafana = settings["grafana"].Exists
            ? HttpAccess.Read(settings["grafana"])
            : notify.Channel<GrafanaOptions>()?.Access;
        var addresses = list.Items.Select(a => ReadDashboard(a, grafana)).OfType<Uri>().ToList();
        return new DashboardsGateOptions(Level(node), addresses, grafana);
    }

    /// <summary>An address of Grafana that leads to no dashboard would pass by its login page.</summary>
    private static Uri? ReadDashboard(ChangeNode node, HttpAccess? grafana)
    {
        var address = node.Address();
        if (
            address is not null
            && grafana is not null
            && GrafanaHealth.IsOf(address, grafana)
            && GrafanaHealth.DashboardAt(address, grafana) is null
        )
        {
            node.Mistake(Message.Of("gates.dashboards.no-uid", ("address", address), ("grafana", grafana)));
        }

        return address;
    }

    private static GateLevel ReadRollbackPlan(ChangeNode node)
    {
        Settings(node);
        return Level(node, GateLevel.Required);
    }

    private static WindowGateOptions ReadWindow(ChangeNode node) => new(Level(node), WindowSection.Read(node, "level"));

    private static OnCallGateOptions ReadOnCall(ChangeNode node)
    {
        var settings = Settings(node, "people", "pagerduty");
        return new OnCallGateOptions(
            Level(node),
            settings["people"].Integer(2, 1, 100),
            PagerDutyOnCallOptions.Read(settings["pagerduty"])
        );
    }

    private static SlackGateOptions ReadSlack(ChangeNode node, NotifyOptions notify)
    {
        var channel = Settings(node, "channel")["channel"];
        return new SlackGateOptions(
            Level(node),
            channel.Exists ? channel.ExpandedText() : notify.Channel<SlackOptions>()?.Channel
        );
    }

    private static GateLevel Level(ChangeNode node, GateLevel unmentioned = GateLevel.Off)
    {
        if (!node.Exists)
        {
            return unmentioned;
        }

        var level = node.IsMapping ? node["level"] : node;
        return level.Exists && !level.IsList
            ? level.Word(
                GateLevel.Required,
                ("required", GateLevel.Required),
                ("recommended", GateLevel.Recommended),
                ("off", GateLevel.Off)
            )
            : GateLevel.Required;
    }

    /// <summary>The gate's own keys beside <c>level</c>; the short form of one word has none.</summary>
    private static ChangeNode Settings(ChangeNode node, params string[] keys)
    {
        if (node.IsMapping || node.IsList)
        {
            node.Only([.. keys, "level"]);
        }

        return node;
    }
}
