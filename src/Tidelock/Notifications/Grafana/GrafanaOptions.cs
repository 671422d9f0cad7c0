using Tidelock.Probes;

namespace Tidelock.Notifications.Grafana;

/// <summary><c>notify.grafana</c>: a run is a region on dashboards.</summary>
/// <param name="Access">The server.</param>
/// <param name="Dashboard">The uid of the dashboard it is shown on; null for all that show annotations by tags.</param>
/// <param name="Panel">The panel of that dashboard; null for all.</param>
/// <param name="Tags">Beside those of the run.</param>
/// <param name="Language">Of what is told.</param>
public sealed record GrafanaOptions(
    HttpAccess Access,
    string? Dashboard,
    int? Panel,
    IReadOnlyList<string> Tags,
    string Language
) : ChannelOptions(GrafanaKind.Name, Language);
