using Tidelock.Changes;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Notifications;
using Tidelock.Probes;
using Tidelock.Probes.Http;
using Tidelock.Probes.Postgres;
using Tidelock.Probes.Prometheus;
using Tidelock.Probes.Sql;
using Tidelock.Rollbacks;
using Tidelock.Watching;

namespace Tidelock;

/// <summary>The composition root: the only file that names implementations.</summary>
public static class TidelockServices
{
    /// <summary>Every kind of probe.</summary>
    public static IReadOnlyList<IProbeKind> ProbeKinds { get; } =
    [new PrometheusProbeKind(), new PostgresProbeKind(), new HttpProbeKind(), new SqlProbeKind()];

    /// <summary>Every section of a change file, in the order in which they are read.</summary>
    public static IReadOnlyList<IChangeSection> ChangeSections { get; } =
    [
        new MigrationSection(),
        new ContractSection(),
        new CompareSection(),
        new SmokeSection(),
        new DownstreamSection(),
        new ApplicationSection(),
        new WatchSection(ProbeKinds),
        new RollbackSection(),
        new NotifySection(),
        new GatesSection(),
    ];

    /// <summary>Reads change files.</summary>
    public static ChangeLoader ChangeLoader { get; } = new(ChangeSections);
}
