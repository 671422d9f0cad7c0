using Tidelock.Backups;
using Tidelock.Backups.Commands;
using Tidelock.Backups.PgBackRest;
using Tidelock.Changes;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Deployments.Soaks;
using Tidelock.Evidence.Keeping;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Notifications;
using Tidelock.Notifications.Announcements;
using Tidelock.Notifications.Command;
using Tidelock.Notifications.Grafana;
using Tidelock.Notifications.Mail;
using Tidelock.Notifications.PagerDuty;
using Tidelock.Notifications.Sending;
using Tidelock.Notifications.Slack;
using Tidelock.Notifications.Trials;
using Tidelock.Notifications.Webhook;
using Tidelock.Policies;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Probes.Command;
using Tidelock.Probes.Datadog;
using Tidelock.Probes.Http;
using Tidelock.Probes.Kubernetes;
using Tidelock.Probes.Postgres;
using Tidelock.Probes.Prometheus;
using Tidelock.Probes.Sql;
using Tidelock.Probes.Synthetic;
using Tidelock.Programs;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Rollbacks.Definition;
using Tidelock.Rollbacks.Downgrade;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Rollbacks.Undoing;
using Tidelock.Runs;
using Tidelock.Runs.Postgres;
using Tidelock.Runs.Sqlite;
using Tidelock.Steps;
using Tidelock.Watching;

namespace Tidelock;

/// <summary>The composition root: the only file that names implementations.</summary>
public sealed class TidelockServices : IAsyncDisposable
{
    /// <summary>Every kind of probe.</summary>
    public static IReadOnlyList<IProbeKind> ProbeKinds { get; } =
    [
        new PrometheusProbeKind(),
        new DatadogProbeKind(),
        new PostgresProbeKind(),
        new SyntheticProbeKind(),
        new HttpProbeKind(),
        new SqlProbeKind(),
        new CommandProbeKind(),
        new KubernetesProbeKind(),
    ];

    /// <summary>Every kind of channel that people are told over.</summary>
    public static IReadOnlyList<IChannelKind> ChannelKinds { get; } =
    [new SlackKind(), new PagerDutyKind(), new GrafanaKind(), new WebhookKind(), new MailKind(), new CommandKind()];

    private TidelockServices(IJournal journal, TidelockSettings settings)
    {
        Journal = journal;
        var time = settings.Time;
        var programs = new BackupPrograms();
        var transaction = new MigrationTransaction(time);
        Rollbacks =
        [
            new DefinitionRollback(transaction),
            new DowngradeRollback(transaction),
            new BesideRollback(programs, time, change => change.Section<GateOptions>().Backup.In(change.Folder)),
            new InPlaceRollback(programs, time, change => change.Section<GateOptions>().Backup.In(change.Folder)),
            new RecoveryRollback(change => change.Section<GateOptions>().Backup),
            new UndoRollback(time),
        ];
        IReadOnlyList<IBackupSource> sources = [new PgBackRestSource(programs, time), new CommandSource(time)];
        var rehearser = new WayRehearser(programs, transaction, time);
        var data = new DataRehearser(programs, transaction, time);
        var channels = new ChannelFactory(ChannelKinds);
        Announcer = new Announcer(channels, journal, time);
        NoticeTrial = new NoticeTrial(channels, time);
        Checklist = Gates(rehearser, sources, channels);
        var engine = new RunEngine(
            DeploymentSteps(programs, sources, transaction, rehearser, data, journal, Checklist, time),
            [new RevertStep(Rollbacks), new RevertedStep(Rollbacks)],
            new Lookout(new ProbeFactory(ProbeKinds, time)),
            new LossLookout()
        );
        Deployment = new Deployment(
            journal,
            Checklist,
            rehearser,
            engine,
            new Notifier(channels, journal),
            Announcer,
            Rollbacks,
            time,
            settings.Patience
        );
        Rehearsing = new BackupRehearsing(Deployment, programs, sources, data, time);
        Soaking = new Soaking(journal, NewGround(), new ProbeFactory(ProbeKinds, time), time);
    }

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
        new NotifySection(ChannelKinds),
        new GatesSection(ChannelKinds),
        new EvidenceSection(),
    ];

    /// <summary>The JSON Schema of a team's policy.</summary>
    public static string PolicySchema =>
        ChangeSchema.Text(
            SchemaFragments.Beside<EnvironmentPolicy>("policy"),
            [.. ChangeSections.Where(s => s is GatesSection)]
        );

    /// <summary>Reads change files.</summary>
    public static ChangeLoader ChangeLoader { get; } = new(ChangeSections);

    public IJournal Journal { get; }

    public Deployment Deployment { get; }

    /// <summary>Proves a backup before a deployment.</summary>
    public BackupRehearsing Rehearsing { get; }

    /// <summary>Tells the team of a start before it.</summary>
    public Announcer Announcer { get; }

    /// <summary>Shows what people will be told, and tries the channels.</summary>
    public NoticeTrial NoticeTrial { get; }

    /// <summary>Goes on looking after a run was completed.</summary>
    public Soaking Soaking { get; }

    public Checklist Checklist { get; }

    public IReadOnlyList<IRollbackMethod> Rollbacks { get; }

    /// <summary>Opens the journal and puts everything together.</summary>
    /// <exception cref="JournalUnwritableException">The journal cannot be opened.</exception>
    public static async Task<TidelockServices> OpenAsync(TidelockSettings settings, CancellationToken cancellation) =>
        new(settings.Decorate(await OpenJournalAsync(settings.Journal, cancellation).ConfigureAwait(false)), settings);

    public ValueTask DisposeAsync() => Journal.DisposeAsync();

    private static async Task<IJournal> OpenJournalAsync(string place, CancellationToken cancellation) =>
        PostgresTarget.IsConnection(place)
            ? await PostgresJournal
                .OpenAsync(PostgresTarget.Parse(place, ProcessVariables.Read()), cancellation)
                .ConfigureAwait(false)
            : await SqliteJournal.OpenAsync(place, cancellation).ConfigureAwait(false);

    private static Checklist Gates(
        WayRehearser rehearser,
        IReadOnlyList<IBackupSource> sources,
        ChannelFactory channels
    ) =>
        new([
            new StagingGate(ShownRelation.IdentityAsync),
            new BackupGate(sources),
            new RollbackPlanGate(rehearser),
            new ApprovalGate(),
            new AnnouncementGate(),
            new DashboardsGate(new HttpMessageInvoker(new SocketsHttpHandler { AllowAutoRedirect = true })),
            new WindowGate(),
            new OnCallGate(),
            new SlackGate(channels),
        ]);

    private static Ground NewGround() =>
        new(
            new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan }
        );

    private static IReadOnlyList<IStep> DeploymentSteps(
        BackupPrograms programs,
        IReadOnlyList<IBackupSource> sources,
        MigrationTransaction transaction,
        WayRehearser rehearser,
        DataRehearser data,
        IJournal journal,
        Checklist checklist,
        TimeProvider time
    )
    {
        var ground = NewGround();
        var probes = new ProbeFactory(ProbeKinds, time);
        var gates = new GateLook((run, cancellation) => checklist.OfRunAsync(run, journal, cancellation));
        return
        [
            new PrerequisitesStep(programs),
            new SourcedBackupStep(sources, new BackupStep(programs, data, time), data, time),
            new BaselineStep(ground, probes, rehearser, journal),
            new AppointmentStep(gates),
            new MigrateStep(transaction, gates),
            new VerifyStep(),
            new CheckingStep("smoke", c => c.Section<SmokeChecks>().Checks, ground),
            new CheckingStep("application", c => c.Section<ApplicationChecks>().Checks, ground),
            new WatchStep(ground, probes),
            new CompleteStep(),
        ];
    }
}
