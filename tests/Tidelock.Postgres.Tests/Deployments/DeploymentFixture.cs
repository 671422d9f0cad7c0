using System.Threading.Channels;
using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A small view in a database of its own, a change that gives it another shape, and a journal: the whole way, for real.</summary>
internal sealed class DeploymentFixture : IAsyncDisposable, IRunObserver, IRunDialogue
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-deploy-").FullName;

    /// <summary>For tests of what comes after the gates: proving the way back and the backup takes seconds at each start.</summary>
    public const string Unrehearsed = "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off }\n";

    private DeploymentFixture(TestDatabase database) => Database = database;

    public TestDatabase Database { get; }

    /// <summary>How the run reaches the database; as the superuser where nothing else is said.</summary>
    public string? Address { get; set; }

    /// <summary>What <c>${VAR}</c> stands for, beside the database's address.</summary>
    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public string ChangeFolder => Path.Combine(folder, "change");
    public string JournalFile => Path.Combine(folder, "journal.db");
    public Channel<RunRequest> Requests { get; } = Channel.CreateUnbounded<RunRequest>();
    public HeardList<RunEvent> Events { get; } = [];
    public HeardList<Message> Progress { get; } = [];
    public HeardList<Message> Warnings { get; } = [];

    public static async Task<DeploymentFixture> CreateAsync(PostgresServer server, string extra = "") =>
        await CreateAsync(await server.CreateDatabaseAsync(), extra);

    public static async Task<DeploymentFixture> CreateAsync(TestDatabase database, string extra = "")
    {
        var fixture = new DeploymentFixture(database);
        await fixture.Database.ExecuteAsync(Old);
        Directory.CreateDirectory(fixture.ChangeFolder);
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "change.yaml"), Yaml + extra);
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "new.sql"),
            "select id::bigint as id, upper(name) as name, score from public.results"
        );
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "down.sql"), Down);
        return fixture;
    }

    /// <summary>Makes it a change that runs files statement by statement; the relation of its contract stays as it is.</summary>
    public async Task ByStatementsAsync(string up, string down, string extra = "")
    {
        await File.WriteAllTextAsync(Path.Combine(ChangeFolder, "up.sql"), up);
        await File.WriteAllTextAsync(Path.Combine(ChangeFolder, "back.sql"), down);
        await File.WriteAllTextAsync(Path.Combine(ChangeFolder, "change.yaml"), Statements + extra);
    }

    public DeploymentRequest Request(string name = "production")
    {
        var variables = new Dictionary<string, string>(Variables, StringComparer.Ordinal)
        {
            ["DATABASE_URL"] = Address ?? Database.Uri,
        };
        var reading = TidelockServices.ChangeLoader.Load(ChangeFolder, name, variables);
        Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
        var environment = reading.Change!.Environments.Single(e => e.Name == name);
        return new DeploymentRequest(
            reading.Change,
            environment,
            PostgresTarget.Parse(environment.Database, variables),
            "kim"
        );
    }

    /// <summary>How long its runs wait for what is lost.</summary>
    public RunPatience Patience { get; set; } = new();

    /// <summary>What stands around its journal.</summary>
    public Func<IJournal, IJournal> Decorate { get; set; } = journal => journal;

    public Task<TidelockServices> OpenAsync() =>
        TidelockServices.OpenAsync(
            new TidelockSettings(JournalFile, TimeProvider.System) { Patience = Patience, Decorate = Decorate },
            default
        );

    public DeploymentTerminal Terminal() => new(this, this, Requests);

    public async Task<DeploymentEnd> DeployAsync()
    {
        await using var services = await OpenAsync();
        return await services.Deployment.StartAsync(Request(), Terminal(), default);
    }

    /// <summary>A run with these events, as a program that ended with the last of them has left it.</summary>
    public async Task<RunId> JournalAsync(IEnumerable<RunEvent> events)
    {
        await using var services = await OpenAsync();
        var run = RunId.New(TimeProvider.System);
        var epoch = await services.Journal.TakeEpochAsync(run, null, default);
        JournalEntry? last = null;
        foreach (var e in events)
        {
            var id = Guid.NewGuid().ToString("N");
            last = JournalEntry.Next(run.Value, last, id, e.GetType().Name, RunEvents.Format(e));
            Assert.Equal(AppendResult.Stored, await services.Journal.AppendAsync(last, epoch, default));
        }

        return run;
    }

    /// <summary>The catalog's own words about the view and what hangs on it, without the capture's code.</summary>
    public Task<string> CatalogAsync() => Database.ScalarAsync<string>(Catalog)!;

    /// <summary>Told of every event, before the run goes on.</summary>
    public Action<RunEvent> On { get; set; } = _ => { };

    /// <summary>Told of what a step reports, before it goes on.</summary>
    public Action<Message> OnProgress { get; set; } = _ => { };

    public void Happened(RunEvent e, RunState state)
    {
        Events.Add(e);
        On(e);
    }

    public void Progressed(string step, Message progress)
    {
        Progress.Add(progress);
        OnProgress(progress);
    }

    public void Warned(Message warning) => Warnings.Add(warning);

    public Task<InterruptAnswer?> AskAfterInterruptAsync(RunState state, CancellationToken cancellation) =>
        Task.FromResult<InterruptAnswer?>(null);

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private const string Old = """
        create table public.results (id int primary key, name text not null, score numeric);
        insert into public.results select i, 'n' || i, i * 1.5 from generate_series(1, 100) i;
        create view public.scores as select score, id, name from public.results;
        comment on view public.scores is 'scores as they were';
        comment on column public.scores.name is 'the name';
        create view public.top_scores as select id, score from public.scores where score > 100;
        grant select on public.scores, public.top_scores to public;
        """;

    private const string Down = """
        drop view public.top_scores;
        drop view public.scores;
        create view public.scores as select score, id, name from public.results;
        comment on view public.scores is 'scores as they were';
        comment on column public.scores.name is 'the name';
        create view public.top_scores as select id, score from public.scores where score > 100;
        grant select on public.scores, public.top_scores to public;
        """;

    private const string Yaml = """
        change: scores
        migration:
          view: { name: public.scores, definition: new.sql }
          down: down.sql
        contract:
          relation: public.scores
          columns:
            - { name: id, type: bigint, notNull: true }
            - { name: name, type: text, notNull: true }
            - { name: score, type: numeric }
          unique: [[id]]
        smoke:
          - { name: rows, sql: "select * from public.scores limit 5", rows: "= 5" }
        watch: { for: 1s, every: 200ms }
        environments:
          production: { database: "${DATABASE_URL}" }

        """;

    private const string Statements = """
        change: scores
        migration:
          sql: { up: up.sql, down: back.sql, transaction: none }
        contract:
          relation: public.scores
          columns: [{ name: score, type: numeric }, { name: id, type: integer }, { name: name, type: text }]
        watch: { for: 300ms, every: 100ms }
        environments:
          production: { database: "${DATABASE_URL}" }

        """;

    private const string Catalog = """
        select string_agg(line, E'\n' order by line) from (
          select c.relname || ' ' || pg_get_viewdef(c.oid) || ' ' || pg_get_userbyid(c.relowner) || ' ' || coalesce(c.relacl::text, '-')
                 || ' ' || coalesce(c.reloptions::text, '-') || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '-') as line
            from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'v'
          union all
          select c.relname || '.' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' '
                 || coalesce(col_description(c.oid, a.attnum), '-')
            from pg_class c join pg_attribute a on a.attrelid = c.oid
           where c.relnamespace = 'public'::regnamespace and c.relkind = 'v' and a.attnum > 0
        ) lines
        """;
}
