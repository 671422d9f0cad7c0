using Tidelock.Changes;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Grafana;

/// <summary>Grafana by its annotations.</summary>
internal sealed class GrafanaKind : IChannelKind
{
    public const string Name = "grafana";

    public string Key => Name;

    public string SchemaFragment => SchemaFragments.Beside<GrafanaKind>("grafana");

    public ChannelOptions? Read(ChangeNode channel)
    {
        var access = HttpAccess.ReadMapping(channel, "dashboard", "panel", "tags", ChannelOptions.LanguageKey);
        var dashboard = channel["dashboard"].ExpandedText();
        if (channel["panel"].Exists && dashboard.Length == 0)
        {
            channel.MistakeAtKey("panel", Message.Of("notifications.grafana.panel"));
        }

        var panel = channel["panel"].Integer(0, 1, int.MaxValue);
        var tags = channel["tags"].Items.Select(t => t.Text()).Where(t => t.Length > 0).ToList();
        var language = ChannelOptions.ReadLanguage(channel);
        return access is null
            ? null
            : new GrafanaOptions(
                access,
                dashboard.Length > 0 ? dashboard : null,
                panel > 0 ? panel : null,
                tags,
                language
            );
    }

    public IChannel? Create(ChannelOptions options, ChannelContext context) =>
        options is GrafanaOptions grafana ? new GrafanaChannel(grafana, context) : null;
}
