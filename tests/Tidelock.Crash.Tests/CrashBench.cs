using Npgsql;
using Tidelock.Postgres.Tests.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>A change, its database and a journal of either kind, carried by processes that can be killed.</summary>
internal sealed class CrashBench : IAsyncDisposable
{
    private readonly DeploymentFixture fixture;
    private readonly TestDatabase? journalDatabase;
    private bool isLogged;

    private CrashBench(DeploymentFixture fixture, TestDatabase? journalDatabase)
    {
        (this.fixture, this.journalDatabase) = (fixture, journalDatabase);
        Journal = journalDatabase?.Uri ?? fixture.JournalFile;
    }

    public TestDatabase Database => fixture.Database;

    /// <summary>As <c>--journal</c> takes it.</summary>
    public string Journal { get; set; }

    /// <summary>How the database is reached; another address for a wire that can be cut.</summary>
    public string? Address { get; set; }

    /// <summary>What its programs find in their environment beside the database's address.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public string ChangeFolder => fixture.ChangeFolder;

    public string KillFile => Path.Combine(fixture.ChangeFolder, "..", "met");

    /// <param name="server">Where the database is, and the journal's.</param>
    /// <param name="onPostgres">The kind of journal.</param>
    /// <param name="method">The way back.</param>
    /// <param name="rehearsed">Whether every start first proves the way back on a throwaway server, which takes seconds.</param>
    public static async Task<CrashBench> CreateAsync(
        PostgresServer server,
        bool onPostgres,
        string method,
        bool rehearsed = false
    )
    {
        var fixture = await DeploymentFixture.CreateAsync(server, Gates(method, rehearsed));
        var isLogged = IsLogged(method);
        if (isLogged)
        {
            await fixture.Database.ExecuteAsync(CommitLog);
        }

        return new CrashBench(fixture, onPostgres ? await server.CreateDatabaseAsync() : null) { isLogged = isLogged };
    }

    /// <summary>On a server of the test's own; the journal is a file, or in a database of another server.</summary>
    public static async Task<CrashBench> CreateAsync(
        TestDatabase database,
        string method,
        PostgresServer? journals = null
    )
    {
        var fixture = await DeploymentFixture.CreateAsync(database, Gates(method, rehearsed: false));
        var bench = new CrashBench(fixture, journals is null ? null : await journals.CreateDatabaseAsync())
        {
            isLogged = IsLogged(method),
        };
        if (bench.isLogged)
        {
            await database.ExecuteAsync(CommitLog);
        }

        return bench;
    }

    public Task<string> CatalogAsync() => fixture.CatalogAsync();

    /// <summary>Makes it a change that runs files statement by statement.</summary>
    public Task ByStatementsAsync(string up, string down) =>
        fixture.ByStatementsAsync(
            up,
            down,
            "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off }\n"
        );

    /// <summary>Alters the change file before the run begins.</summary>
    public async Task ReplaceAsync(string old, string now)
    {
        var file = Path.Combine(fixture.ChangeFolder, "change.yaml");
        var text = await File.ReadAllTextAsync(file);
        Assert.Contains(old, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, text.Replace(old, now, StringComparison.Ordinal));
    }

    /// <summary>A try waits for its lock long enough to be killed in it.</summary>
    public Task WaitLongForLocksAsync() =>
        ReplaceAsync("down: down.sql", "down: down.sql\n  locks: { try: 40s, total: 60s }");

    /// <summary>Watches long enough for a test to do something meanwhile.</summary>
    public Task WatchForAsync(string time) => ReplaceAsync("for: 1s", $"for: {time}");

    /// <summary>Waits until a backend of the run waits for a lock.</summary>
    public async Task WaitingAsync(HostProgram program, string suffix = "")
    {
        var since = TimeProvider.System.GetTimestamp();
        var waits = $"""
            select exists (select 1 from pg_stat_activity
             where application_name like 'tidelock/%{suffix}' and wait_event_type = 'Lock' and wait_event = 'relation' and datname = current_database())
            """;
        while (!await Database.ScalarAsync<bool>(waits))
        {
            var late = TimeProvider.System.GetElapsedTime(since) > TimeSpan.FromSeconds(60);
            Assert.True(!late && !program.HasExited, "it never waited for a lock: " + program.Output);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>A transaction that has read and stays open: whoever would change the relation waits for it.</summary>
    public async Task<NpgsqlConnection> ReadingAsync(string relation = "public.scores")
    {
        var connection = await Database.ConnectAsync();
        await using var command = new NpgsqlCommand($"begin; select 1 from {relation} limit 1", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>Waits until the server has no backend of the run any more, of whatever epoch unless the suffix names it.</summary>
    public Task NobodyLeftAsync(string suffix = "") =>
        Database.UntilAsync(
            $"""
            select not exists (select 1 from pg_stat_activity
             where application_name like 'tidelock/%{suffix}' and datname = current_database())
            """
        );

    /// <summary>
    /// How many transactions that made the view anew were committed, by a log of the database's own; null with a backup, whose restore
    /// would take the log back too.
    /// </summary>
    public async Task<long?> CommitsAsync() =>
        isLogged
            ? await Database.ScalarAsync<long>(
                "select count(distinct transaction) from audit.made where name = 'public.scores'"
            )
            : null;

    /// <summary>Another oid means that the view was made anew.</summary>
    public Task<uint> ViewAsync() =>
        Database.ScalarAsync<uint>("select coalesce(to_regclass('public.scores')::oid, 0)");

    public HostProgram Start(string verb, RunId? run = null, string method = "definition", string when = "") =>
        HostProgram.Start(
            new Dictionary<string, string>(Variables, StringComparer.Ordinal)
            {
                ["DATABASE_URL"] = Address ?? Database.Uri,
                ["CRASH_WHEN"] = when,
                ["CRASH_FILE"] = KillFile,
            },
            [verb, fixture.ChangeFolder, Journal, .. run is { } id ? new[] { id.Value, method } : []]
        );

    public async Task<(int Code, string Output)> RunAsync(
        string verb,
        RunId? run = null,
        string method = "definition",
        string when = ""
    )
    {
        await using var program = Start(verb, run, method, when);
        return await program.EndAsync();
    }

    /// <summary>The one run of the journal, if it has begun.</summary>
    public async Task<(RunId? Run, RunState State, IReadOnlyList<JournalEntry> Entries)> ReadAsync()
    {
        await using var services = await TidelockServices.OpenAsync(
            new TidelockSettings(Journal, TimeProvider.System),
            default
        );
        var runs = await services.Journal.ListAsync(default);
        if (runs.Count == 0)
        {
            return (null, RunState.Empty, []);
        }

        var entries = await RunReader.EntriesAsync(services.Journal, Assert.Single(runs).Run, default);
        return (runs[0].Run, RunState.Of(entries.Select(RunEvents.Parse)), entries);
    }

    /// <summary>Polls the journal until the run is where the test wants it.</summary>
    public async Task<RunId> UntilAsync(HostProgram program, Func<RunState, bool> there)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var isOver = program.HasExited;
            var (run, state, _) = await ReadAsync();
            if (run is { } id && there(state))
            {
                return id;
            }

            Assert.True(
                !isOver && TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(60),
                "the run never came there: " + (program.HasExited ? (await program.EndAsync()).Output : "too slow")
            );
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Goes on until the run has ended as wanted, and looks at everything that must hold however it got there.</summary>
    public async Task EndsAsync(RunId run, RunResult result, string verb = "resume", string method = "definition")
    {
        var (code, output) = await RunAsync(verb, run, method);
        var (_, state, entries) = await ReadAsync();
        Assert.True(state.Result == result, $"{verb} ended with {code}\n{output}");
        Outcome.IsSound(entries);
    }

    /// <summary>A restore would take the log back, too.</summary>
    private static bool IsLogged(string method) => method is not ("backup" or "in-place");

    private static string Gates(string method, bool rehearsed) =>
        $$"""
            gates:
              backup: { rehearse: false, folder: ../backups }
              rollbackPlan: {{(rehearsed ? "required" : "off")}}
            rollback: { method: {{method}} }

            """;

    /// <summary>A row per view made; it stays only if the transaction that made it is committed.</summary>
    private const string CommitLog = """
        create schema audit;
        create table audit.made (transaction xid8 default pg_current_xact_id(), name text);
        create function audit.log() returns event_trigger language plpgsql as
        'begin insert into audit.made (name) select object_identity from pg_event_trigger_ddl_commands(); end';
        create event trigger made on ddl_command_end when tag in ('CREATE VIEW') execute function audit.log();
        """;

    public async ValueTask DisposeAsync()
    {
        await fixture.DisposeAsync();
        if (journalDatabase is not null)
        {
            await journalDatabase.DisposeAsync();
        }
    }
}
