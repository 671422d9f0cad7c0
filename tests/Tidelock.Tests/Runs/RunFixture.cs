using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using Tidelock.Changes;
using Tidelock.Deployments;
using Tidelock.Notifications.Sending;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Runs.Sqlite;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

/// <summary>A run with scripted steps on a real journal in a folder of its own; the fixture looks on and answers.</summary>
internal sealed class RunFixture : IAsyncDisposable, IRunObserver, IRunDialogue
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-run-").FullName;
    private readonly Channel<RunRequest> requests = Channel.CreateUnbounded<RunRequest>();

    private RunFixture(TimeProvider time) => Time = time;

    public TimeProvider Time { get; }

    /// <summary>By which the inbox is read; it stands until a test moves it.</summary>
    public FakeTimeProvider InboxTime { get; } = new();
    public RunId Run { get; } = new("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2");
    public FailingJournal Journal { get; private set; } = null!;
    public RollbackPolicy Policy { get; init; } = new("definition", Automatic: true, TimeSpan.FromMinutes(5));
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The run's first event.</summary>
    public RunStarted Started { get; set; } = SampleEvents.Started;
    public InterruptAnswer? Answer { get; set; } = InterruptAnswer.KeepWatching;

    /// <summary>What reads signals beside the steps; for tests in which it matters.</summary>
    public Lookout? Lookout { get; init; }

    /// <summary>What is deployed; for tests in which it matters.</summary>
    public Change? Change { get; init; }

    /// <summary>Who tells people of the run; for tests in which it matters.</summary>
    public Func<IJournal, Notifier>? Notifier { get; set; }
    public SeenList<RunEvent> Events { get; } = new();
    public SeenList<Message> Warnings { get; } = new();

    public static async Task<RunFixture> CreateAsync(
        TimeProvider? time = null,
        RollbackPolicy? policy = null,
        Change? change = null,
        Lookout? lookout = null
    )
    {
        var fixture = policy is null
            ? new RunFixture(time ?? TimeProvider.System) { Change = change, Lookout = lookout }
            : new RunFixture(time ?? TimeProvider.System)
            {
                Change = change,
                Lookout = lookout,
                Policy = policy,
            };
        fixture.Journal = new FailingJournal(
            await SqliteJournal.OpenAsync(Path.Combine(fixture.folder, "journal.db"), default)
        );
        return fixture;
    }

    /// <summary>Runs the steps in a new epoch: the names with <c>rollback.</c> are the way back.</summary>
    public async Task<RunState> RunAsync(params IStep[] steps)
    {
        var epoch = await Journal.TakeEpochAsync(Run, null, default);
        var entries = await RunReader.EntriesAsync(Journal, Run, default);
        var state = RunState.Of(entries.Select(RunEvents.Parse));
        await using var writer = new RunWriter(
            Journal,
            Run,
            epoch,
            state,
            entries is [.., var last] ? last : null,
            Time,
            Patience,
            this
        );
        if (state.Started is null)
        {
            await writer.AppendAsync(Started, default);
        }

        await writer.AppendAsync(new EpochTaken(epoch, "host", 1), default);
        await using var pump = new RunPump(Journal, Run, writer, requests.Writer, this, InboxTime);
        var engine = new RunEngine(
            [.. steps.Where(s => !s.Name.StartsWith("rollback.", StringComparison.Ordinal))],
            [.. steps.Where(s => s.Name.StartsWith("rollback.", StringComparison.Ordinal))],
            Lookout
        );
        var execution = Execution(writer);
        await using var notifying = Notifier?.Invoke(Journal).Begin(execution);
        var ended = await engine.RunAsync(execution, default);
        await (notifying?.FinishAsync() ?? Task.CompletedTask);
        return Notifier is null ? ended : writer.State;
    }

    public void Ask(RunRequest request) => requests.Writer.TryWrite(request);

    public Task<RunState> StoredAsync() => RunReader.StateAsync(Journal, Run, default);

    /// <summary>What the journal holds tells the same as what was seen, and its chain is whole.</summary>
    public async Task SameAsStoredAsync(RunState live)
    {
        Assert.Equal(RunEvents.Canonical(live), RunEvents.Canonical(await StoredAsync()));
        var entries = await RunReader.EntriesAsync(Journal, Run, default);
        Assert.All(entries, e => Assert.True(e.IsSound));
        Assert.All(entries.Zip(entries.Skip(1)), p => Assert.Equal(p.First.Hash, p.Second.PreviousHash));
    }

    public void Happened(RunEvent e, RunState state) => Events.Add(e);

    public void Progressed(string step, Message progress) { }

    public void Warned(Message warning) => Warnings.Add(warning);

    public Task<InterruptAnswer?> AskAfterInterruptAsync(RunState state, CancellationToken cancellation) =>
        Task.FromResult(Answer);

    public async ValueTask DisposeAsync()
    {
        await Journal.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private RunExecution Execution(RunWriter writer) =>
        new(
            Run,
            Change!,
            null!,
            PostgresTarget.Parse(
                "host=127.0.0.1 dbname=d user=u",
                new Dictionary<string, string>(StringComparer.Ordinal)
            ),
            writer,
            this,
            requests.Reader,
            requests.Writer,
            this,
            Policy,
            "kim",
            Time
        );
}
