using Tidelock.Changes;
using Tidelock.Evidence.Anchors;
using Tidelock.Gates;
using Tidelock.Notifications.Announcements;
using Tidelock.Notifications.Sending;
using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Undoing;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Deployments;

/// <summary>The whole way: checklist, run, resume, rollback. What the command line and the demo call.</summary>
public sealed class Deployment
{
    private readonly IJournal journal;
    private readonly Checklist checklist;
    private readonly RunDriver driver;
    private readonly TimeProvider time;
    private readonly PlanBuilder plans;
    private readonly WayRehearser rehearser;
    private readonly RunFollower follower;
    private readonly Announcer announcer;
    private readonly AppointmentNotices appointments;
    private readonly Notifier notifier;

    internal Deployment(
        IJournal journal,
        Checklist checklist,
        WayRehearser rehearser,
        RunEngine engine,
        Notifier notifier,
        Announcer announcer,
        IReadOnlyList<IRollbackMethod> rollbacks,
        TimeProvider time,
        RunPatience patience
    )
    {
        (this.announcer, this.notifier) = (announcer, notifier);
        appointments = new AppointmentNotices(announcer, time);
        (this.journal, this.checklist, this.rehearser, this.time) = (journal, checklist, rehearser, time);
        plans = new PlanBuilder(rehearser);
        driver = new RunDriver(journal, engine, notifier, rollbacks, time, patience);
        follower = new RunFollower(journal, time);
    }

    /// <summary>Every gate as it stands now; changes nothing.</summary>
    public async Task<IReadOnlyList<GateStanding>> ChecklistAsync(
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var context = await ContextAsync(request, cancellation).ConfigureAwait(false);
        return await checklist.EvaluateAsync(context, cancellation).ConfigureAwait(false);
    }

    /// <summary>One gate as it stands now, whatever its level.</summary>
    internal async Task<GateFinding> GateAsync(
        DeploymentRequest request,
        string gate,
        CancellationToken cancellation
    ) =>
        await checklist
            .Find(gate)!
            .EvaluateAsync(await ContextAsync(request, cancellation).ConfigureAwait(false), cancellation)
            .ConfigureAwait(false);

    private Task<GateContext> ContextAsync(DeploymentRequest request, CancellationToken cancellation) =>
        GateContext.ReadAsync(
            request.Change,
            request.TargetEnvironment,
            request.Target,
            journal,
            request.Appointment?.StartsAt,
            request.By,
            time,
            cancellation
        );

    /// <summary>
    /// What a start would do, with the checklist as it stands; changes nothing in the database. Takes seconds: the way back is rehearsed.
    /// The journal keeps what stood there, for the approvals that are given now.
    /// </summary>
    public async Task<DeploymentPlan> PlanAsync(DeploymentRequest request, CancellationToken cancellation)
    {
        // First: what somebody changes while the plan is made outdates an approval of it.
        var shown = await ShownRelation.ReadAsync(request.Change, request.Target, cancellation).ConfigureAwait(false);
        var plan = await plans.BuildAsync(request, cancellation).ConfigureAwait(false);
        try
        {
            await ShownRelation
                .RecordAsync(Words(request), shown, plan.Foreseen, request.By, time, cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is JournalUnwritableException or StreamBrokenException)
        {
            // Who may only read the journal, or one that was changed, is shown the plan all the same; an approval of it is then refused.
        }

        // Last: an approval is held against what this plan foresees.
        return plan with
        {
            Gates = await ChecklistAsync(request, cancellation).ConfigureAwait(false),
        };
    }

    /// <summary>The plan with the old content compared with the new one on the target, read only: as long as reading both takes.</summary>
    public Task<DeploymentPlan> ComparedAsync(
        DeploymentRequest request,
        DeploymentPlan plan,
        CancellationToken cancellation
    ) => PlanBuilder.ComparedAsync(request, plan, time, cancellation);

    /// <summary>What people said about this change in this environment.</summary>
    public WordBook Words(DeploymentRequest request) =>
        new(journal, request.Change.Digest, request.TargetEnvironment.Name);

    /// <summary>Evaluates the gates, begins a run and stays with it to its end.</summary>
    public async Task<DeploymentEnd> StartAsync(
        DeploymentRequest request,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        var identity = await IdentityAsync(request.Target, cancellation).ConfigureAwait(false);
        if (await OpenRunAsync(identity, cancellation).ConfigureAwait(false) is { } open)
        {
            return open;
        }

        var gates = await ChecklistAsync(request, cancellation).ConfigureAwait(false);
        if (Refusing(gates, request.Appointment) is { } refusal)
        {
            return refusal;
        }

        var run = RunId.New(time);
        return await driver
            .RunAsync(
                run,
                request,
                terminal,
                takeOver: false,
                [
                    Started(request, identity),
                    .. gates.Select(g => g.AsEvent()),
                    .. Rehearsed(request, identity),
                    .. await HeadsAsync(request, cancellation).ConfigureAwait(false),
                    RunFiles.Of(request.Change),
                ],
                cancellation
            )
            .ConfigureAwait(false);
    }

    /// <summary>Waits until it is time to get ready for the request's appointment, begins the run then, and stays with it to its end.</summary>
    /// <param name="request">With its appointment.</param>
    /// <param name="prepares">How long before T-0 the run begins.</param>
    /// <param name="again">Reads the change once more, which may have been edited in the waiting; null where it has mistakes.</param>
    /// <param name="terminal">Where it is seen and spoken to from.</param>
    public async Task<DeploymentEnd> AppointAsync(
        DeploymentRequest request,
        TimeSpan prepares,
        Func<Change?> again,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        var gates = await ChecklistAsync(request, cancellation).ConfigureAwait(false);
        if (Refusing(gates, request.Appointment) is { } refusal)
        {
            return refusal;
        }

        try
        {
            var end = await BeginAppointedAsync(request, prepares, again, terminal, cancellation).ConfigureAwait(false);
            if (end.Run is null || end.ExitCode is ExitCode.AnotherRun)
            {
                await CallOffAsync(request, end.Finding, terminal).ConfigureAwait(false);
            }

            return end;
        }
        catch (TidelockException e)
        {
            await CallOffAsync(request, e.Problem, terminal).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<DeploymentEnd> BeginAppointedAsync(
        DeploymentRequest request,
        TimeSpan prepares,
        Func<Change?> again,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        Func<CancellationToken, Task<IReadOnlyList<Message>>>? announce = announcer.HasChannel(request.Change)
            ? c => appointments.AnnounceAsync(request, terminal.Requests.Reader, c)
            : null;
        var left = await new Appointing(time)
            .WaitAsync(request, prepares, terminal, announce, cancellation)
            .ConfigureAwait(false);
        if (left is not null)
        {
            return left;
        }

        // Another program that waited for the same start may have called it off meanwhile.
        foreach (var note in announce is null ? [] : await announce(cancellation).ConfigureAwait(false))
        {
            terminal.Observer.Warned(note);
        }

        // Read anew, so that the team's policy is the one of now.
        var now = again();
        return Edited(request, now)
            ?? await StartAsync(request with { Change = now! }, terminal, cancellation).ConfigureAwait(false);
    }

    /// <summary>A start that was announced and for which no run was begun; whoever is told of a run is told of its end by the run.</summary>
    private async Task CallOffAsync(DeploymentRequest request, Message why, DeploymentTerminal terminal)
    {
        foreach (
            var note in await appointments.CallOffAsync(request, why, CancellationToken.None).ConfigureAwait(false)
        )
        {
            terminal.Observer.Warned(note);
        }
    }

    private static DeploymentEnd? Edited(DeploymentRequest request, Change? now) =>
        string.Equals(now?.Digest, request.Change.Digest, StringComparison.Ordinal)
            ? null
            : new DeploymentEnd(
                ExitCode.Refused,
                Message.Of(
                    "deployments.appointment.edited",
                    ("then", request.Change.Digest[..12]),
                    ("now", now?.Digest[..12] ?? "-")
                )
            );

    /// <summary>Goes on with a run whose program was killed, stopped or suspended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="request">The same change (by digest) and environment.</param>
    /// <param name="takeOver">Whether a program that still holds the run lock is pushed aside.</param>
    /// <param name="terminal">Where it is seen and spoken to from.</param>
    public async Task<DeploymentEnd> ResumeAsync(
        RunId run,
        DeploymentRequest request,
        bool takeOver,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        var state = await RunReader.StateAsync(journal, run, cancellation).ConfigureAwait(false);
        return Refusal(run, state, request)
            ?? (
                state.Status == RunStatus.Ended
                    ? await ToldAsync(run, state, request, terminal, cancellation).ConfigureAwait(false)
                    : await GoOnAsync(run, state, request, takeOver, terminal, cancellation).ConfigureAwait(false)
            );
    }

    /// <summary>The end of a run. Where people were not told all of it, it is taken hold of once more, for that alone.</summary>
    private async Task<DeploymentEnd> ToldAsync(
        RunId run,
        RunState state,
        DeploymentRequest request,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    ) =>
        notifier.HasLeft(request.Change, await RunReader.EntriesAsync(journal, run, cancellation).ConfigureAwait(false))
            ? await driver.RunAsync(run, request, terminal, takeOver: false, [], cancellation).ConfigureAwait(false)
            : DeploymentEnd.Of(run, state);

    /// <summary>Takes the change back: a list of steps in the same journal, also days after the run ended.</summary>
    /// <param name="run">The run.</param>
    /// <param name="request">The same change (by digest) and environment.</param>
    /// <param name="way">A <see cref="RollbackWay"/> as a command carries it: <c>definition</c>, <c>backup rescue</c>, …</param>
    /// <param name="terminal">Where it is seen and spoken to from.</param>
    /// <param name="cancellation">Ends this program's part in it.</param>
    public async Task<DeploymentEnd> RollBackAsync(
        RunId run,
        DeploymentRequest request,
        string way,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        var back = RollbackWay.Parse(way, request.Change.Section<RollbackOptions>().Method);
        var state = await RunReader.StateAsync(journal, run, cancellation).ConfigureAwait(false);
        if (Refusal(run, state, request) is { } refusal)
        {
            return refusal;
        }

        if (back.Method == UndoRollback.MethodName && UndoRollback.Obstacle(run, state) is { } nothing)
        {
            return new DeploymentEnd(ExitCode.Refused, nothing, run, state);
        }

        if (state.Status == RunStatus.Ended && !state.MayBeInPlace && back.Method != UndoRollback.MethodName)
        {
            return new DeploymentEnd(
                ExitCode.Mistake,
                Message.Of("deployments.nothing-in-place", ("run", run)),
                run,
                state
            );
        }

        if (
            state.Status != RunStatus.Ended
            && (!state.InPlace || state.Rollback?.Method == back.Method)
            && !(back.Method == UndoRollback.MethodName && state.Rollback?.Method != back.Method)
        )
        {
            // Only the database knows what is in place: the run finds out first, and then follows this word.
            var word = new RunCommand(
                Guid.NewGuid().ToString("N"),
                run,
                RunVerb.Rollback,
                way,
                request.By,
                time.GetUtcNow()
            );
            terminal.Requests.Writer.TryWrite(new RunRequest.Command(word));
            return await GoOnAsync(run, state, request, takeOver: false, terminal, cancellation).ConfigureAwait(false);
        }

        var reason = Message.Of("runs.asked-by", ("by", request.By));
        return await driver
            .RunAsync(run, request, terminal, takeOver: false, [back.Begin(reason, request.By)], cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>Stays beside a run of another program that has taken a command, until it ends, and ends as it does.</summary>
    /// <param name="run">The run.</param>
    /// <param name="command">The command's id.</param>
    /// <param name="terminal">Where it is seen; Ctrl-C there ends the following and not the run.</param>
    public Task<DeploymentEnd> FollowAsync(
        RunId run,
        string? command,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    ) => follower.FollowAsync(run, command, terminal, cancellation);

    /// <summary>Takes hold of an open run again. One that was cut off while it was opened is opened to the end first.</summary>
    private async Task<DeploymentEnd> GoOnAsync(
        RunId run,
        RunState state,
        DeploymentRequest request,
        bool takeOver,
        DeploymentTerminal terminal,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<RunEvent> opening = [];
        if (!RunFiles.IsIn(state))
        {
            request = request with { Appointment = state.Appointment };
            var gates = await ChecklistAsync(request, cancellation).ConfigureAwait(false);
            if (Refusing(gates, state.Appointment) is { } refusal)
            {
                return refusal with { Run = run, State = state };
            }

            opening =
            [
                .. gates.Where(g => !state.Gates.ContainsKey(g.Name)).Select(g => g.AsEvent()),
                .. Rehearsed(request, state.Started!.Identity),
                .. await HeadsAsync(request, cancellation).ConfigureAwait(false),
                RunFiles.Of(request.Change),
            ];
        }

        return await driver.RunAsync(run, request, terminal, takeOver, opening, cancellation).ConfigureAwait(false);
    }

    /// <summary>Where the chains end that the checklist has just read: this environment's, and staging's.</summary>
    private async Task<IReadOnlyList<RunEvent>> HeadsAsync(DeploymentRequest request, CancellationToken cancellation)
    {
        var change = request.Change;
        string[] environments = [request.TargetEnvironment.Name, change.Section<GateOptions>().Staging.Environment];
        var streams = environments.Distinct(StringComparer.Ordinal).SelectMany(e => StreamAnchors.Of(change.Digest, e));
        var heads = await StreamAnchors.HeadsAsync(journal, streams, cancellation).ConfigureAwait(false);
        return heads.Count == 0 ? [] : [StreamAnchors.AsEvent(heads)];
    }

    /// <summary>What was foreseen by the rehearsal that the checklist has just done.</summary>
    private IEnumerable<RunEvent> Rehearsed(DeploymentRequest request, ServerIdentity identity) =>
        rehearser.Newest(request.Change, identity) is { Problem: null, ForwardTook: not null } way
            ?
            [
                new RehearsedWay(way.Method, way.ForwardTook, way.BackTook)
                {
                    Changes = way.Relation is null ? null : [.. way.Differences.Select(d => d.Short)],
                    Locked = [.. PlanBuilder.Locked(way.Statements).Select(r => $"{r}")],
                }.AsEvent(),
            ]
            : [];

    /// <summary>
    /// Why the checklist refuses a start; null when it does not. Of one that is planned it is asked again when its time has come: only what time
    /// itself decides refuses it now, and a policy that is not the one it must be.
    /// </summary>
    public static DeploymentEnd? Refusing(IEnumerable<GateStanding> gates, Appointment? appointment = null)
    {
        var refusing = gates
            .Where(g => g.Refuses && (appointment is null || g.Name is "window" or PolicyStanding.Name))
            .Select(g => g.Name)
            .ToList();
        return refusing.Count == 0
            ? null
            : new DeploymentEnd(
                ExitCode.Refused,
                Message.Of("deployments.refused", ("count", refusing.Count), ("gates", string.Join(", ", refusing)))
            );
    }

    private static DeploymentEnd? Refusal(RunId run, RunState state, DeploymentRequest request)
    {
        if (state.Started is null)
        {
            return new DeploymentEnd(ExitCode.Mistake, Message.Of("deployments.no-such-run", ("run", run)));
        }

        if (!string.Equals(state.Started.Digest, request.Change.Digest, StringComparison.Ordinal))
        {
            return new DeploymentEnd(
                ExitCode.Mistake,
                Message.Of(
                    "deployments.other-digest",
                    ("run", run),
                    ("then", state.Started.Digest[..12]),
                    ("now", request.Change.Digest[..12])
                ),
                run,
                state
            );
        }

        return state.UnknownKinds.IsEmpty
            ? null
            : new DeploymentEnd(
                ExitCode.Mistake,
                Message.Of("deployments.newer-events", ("run", run), ("kinds", string.Join(", ", state.UnknownKinds))),
                run,
                state
            );
    }

    /// <summary>A run on the same database that has not ended: it must be resumed or rolled back first.</summary>
    private async Task<DeploymentEnd?> OpenRunAsync(ServerIdentity identity, CancellationToken cancellation)
    {
        foreach (var heads in await journal.ListAsync(cancellation).ConfigureAwait(false))
        {
            if (
                RunEvents.Parse(heads.First) is not RunStarted started
                || !started.Identity.IsSameDatabase(identity)
                || await RunReader.HasEndedAsync(journal, heads, cancellation).ConfigureAwait(false)
            )
            {
                continue;
            }

            // Something may have been written after its end.
            var state = await RunReader.StateAsync(journal, heads.Run, cancellation).ConfigureAwait(false);
            if (state.Status is not RunStatus.Ended)
            {
                return new DeploymentEnd(
                    ExitCode.AnotherRun,
                    Message.Of(
                        "deployments.open-run",
                        ("run", heads.Run),
                        ("change", started.Change),
                        ("host", state.Host),
                        ("since", state.StartedAt)
                    ),
                    heads.Run,
                    state
                );
            }
        }

        return null;
    }

    private static async Task<ServerIdentity> IdentityAsync(PostgresTarget target, CancellationToken cancellation)
    {
        await using var session = await PostgresSession
            .OpenAsync(target, "tidelock", cancellation)
            .ConfigureAwait(false);
        return await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
    }

    private static RunStarted Started(DeploymentRequest request, ServerIdentity identity) =>
        new(
            request.Change.Name,
            request.Change.Title,
            request.Change.Digest,
            request.Change.Folder,
            request.TargetEnvironment.Name,
            request.Target.ToString(),
            identity,
            request.Change.Section<RollbackOptions>().Method,
            Environment.MachineName,
            request.By,
            Product.Version,
            request.Change.Section<WatchOptions>().For,
            request.Change.Contacts,
            request.Change.Links
        )
        {
            Policy = request.Change.Section<GateOptions>().Policy?.Mark,
            Appointment = request.Appointment,
        };
}
