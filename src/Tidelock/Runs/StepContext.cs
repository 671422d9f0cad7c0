using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>What a step works with: the change, the database, and the only way to write into the run's journal.</summary>
public sealed class StepContext(
    string step,
    RunId run,
    Change change,
    TargetEnvironment environment,
    PostgresTarget target,
    TimeProvider time,
    IRunWriter writer,
    IRunObserver observer
)
{
    public RunId Run { get; } = run;
    public Change Change { get; } = change;
    public TargetEnvironment TargetEnvironment { get; } = environment;
    public PostgresTarget Target { get; } = target;
    public TimeProvider Time { get; } = time;

    /// <summary>What keeps other runs off the database; null where one only looks.</summary>
    internal RunLock? RunLock { get; init; }

    /// <summary>The run as it is now.</summary>
    public RunState State => writer.State;

    /// <summary><c>tidelock/RUN/EPOCH</c>: the application name of every connection and child of this step.</summary>
    public string ApplicationName => Run.ApplicationName(State.Epoch);

    /// <summary>What the gates said when the run was started.</summary>
    public IEnumerable<Message> GateFindings => State.Gates.Values.Select(g => g.Finding);

    /// <summary>Another view of the same run, under another step's name: for steps that use what another step recorded.</summary>
    public StepContext As(string otherStep) =>
        new(otherStep, Run, Change, TargetEnvironment, Target, Time, writer, observer) { RunLock = RunLock };

    /// <summary>Opens a pinned connection to the target and makes sure that it is still the same database, not in recovery.</summary>
    /// <exception cref="TidelockException"><c>runs.other-server</c>, <c>runs.other-database</c>, <c>postgres.connect.*</c>.</exception>
    /// <exception cref="TargetLostException">A standby was promoted: the epoch ends, and the next one makes sure of what is there.</exception>
    public async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        var session = await PostgresSession.OpenAsync(Target, ApplicationName, cancellation).ConfigureAwait(false);
        try
        {
            var now = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
            var then = State.Identity;
            if (then is not null && (now.HasTakenOverFrom(then) || MayHaveLostSwap(then, now)))
            {
                throw Failover.Found(Target, then, now);
            }

            if (then is not null && !now.IsSame(then))
            {
                throw new TidelockException(Other(then, now), ExitCode.NeedsPerson);
            }

            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A standby that was promoted without the newest swap leads into the other database: the next epoch settles that.</summary>
    private bool MayHaveLostSwap(ServerIdentity then, ServerIdentity now) =>
        State.Swapped is not null && now.IsSameDatabase(then) && now.Timeline > then.Timeline && !now.InRecovery;

    private Message Other(ServerIdentity then, ServerIdentity now) =>
        now.IsSameDatabase(then) && now.DatabaseOid != then.DatabaseOid
            ? Message.Of(
                "runs.other-database",
                ("target", Target),
                ("then", then.DatabaseOid),
                ("now", now.DatabaseOid)
            )
            : Message.Of(
                "runs.other-server",
                ("target", Target),
                ("then", then.SystemIdentifier),
                ("now", now.SystemIdentifier)
            );

    /// <summary>Journals a fact of this step; returns when it is stored. An effect follows only after its intent was stored.</summary>
    /// <exception cref="JournalUnwritableException">The journal could not be written: do not go on with new effects.</exception>
    public Task RecordAsync<T>(string name, T value, JsonTypeInfo<T> type, CancellationToken cancellation) =>
        writer.AppendAsync(new FactRecorded(step, name, JsonSerializer.SerializeToElement(value, type)), cancellation);

    /// <summary>Journals what is done about a session in the way; returns when it is stored.</summary>
    /// <exception cref="JournalUnwritableException">The journal could not be written: do nothing.</exception>
    public Task RecordAsync(BlockerDeed deed, CancellationToken cancellation) =>
        writer.AppendAsync(
            new BlockerActed(
                step,
                deed.Act.ToString().ToLowerInvariant(),
                deed.ProcessId,
                deed.BackendStart,
                deed.IsDone,
                deed.Finding
            ),
            cancellation
        );

    /// <summary>A fact recorded earlier in this run by this step; the default where there is none.</summary>
    public T? Fact<T>(string name, JsonTypeInfo<T> type) =>
        State.Fact(step, name) is { } value ? value.Deserialize(type) : default;

    /// <summary>Journals an event of the spine: <see cref="MigrationApplied"/>, <see cref="WatchTicked"/>, …</summary>
    public Task AppendAsync(RunEvent e, CancellationToken cancellation) => writer.AppendAsync(e, cancellation);

    /// <summary>Tells who is looking what the step is doing; not journaled. The next call replaces it on the screen.</summary>
    public void Report(Message progress) => observer.Progressed(step, progress);
}
