using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using Tidelock.Changes;
using Tidelock.Evidence.Bundles;
using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Notifications.Announcements;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Runs.Sqlite;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Gates;

/// <summary>A change with one gate, a real journal, a clock that stands still, and people who say things.</summary>
internal sealed class GateBench : IAsyncDisposable
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    private readonly string folder;
    private readonly IJournal journal;

    private readonly Dictionary<string, string> variables;

    private GateBench(IJournal journal, string folder, string gates, Dictionary<string, string> variables)
    {
        (this.journal, this.folder, this.variables) = (journal, folder, variables);
        Read(gates);
    }

    /// <summary>The change as it is read now.</summary>
    public Change Change { get; private set; } = null!;

    /// <summary>Who runs it.</summary>
    public string By { get; set; } = "park";

    /// <summary>Who took it over.</summary>
    public IReadOnlyList<string> TakenBy { get; set; } = [];

    public string Folder => folder;

    /// <summary>The change is edited and read again.</summary>
    public void Read(string gates, string head = "author: choi")
    {
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            $$"""
            change: scores
            {{head}}
            migration: { sql: { up: new.sql } }
            gates: { {{gates}} }
            environments:
              staging: { database: "host=127.0.0.1 port=1 dbname=s user=u" }
              production: { database: "host=127.0.0.1 port=1 dbname=p user=u" }
            """
        );
        ReadAgain();
    }

    /// <summary>The change is read again as it stands there.</summary>
    public void ReadAgain()
    {
        var reading = TidelockServices.ChangeLoader.Load(folder, "production", variables);
        Assert.Equal("", string.Join('\n', reading.Mistakes.Select(m => m.Render(TextCatalog.English))));
        Change = reading.Change!;
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 22, 17, 0, 0, TimeSpan.Zero));

    /// <param name="gates">The section's inside: <c>approval: { required: 2 }</c>.</param>
    /// <param name="variables">What <c>${NAME}</c> stands for.</param>
    public static async Task<GateBench> CreateAsync(string gates, params (string Name, string Value)[] variables) =>
        await InAsync(Directory.CreateTempSubdirectory("tidelock-gates-").FullName, gates, variables);

    /// <summary>The same in a folder that is there, such as one in a repository.</summary>
    public static async Task<GateBench> InAsync(
        string folder,
        string gates,
        params (string Name, string Value)[] variables
    ) =>
        new(
            await SqliteJournal.OpenAsync(Path.Combine(folder, "journal.db"), default),
            folder,
            gates,
            variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal)
        );

    /// <summary>The same beside a policy.</summary>
    public static async Task<GateBench> WithPolicyAsync(string gates, string policy)
    {
        var bench = await CreateAsync(gates);
        await File.WriteAllTextAsync(Path.Combine(bench.folder, "tidelock.yaml"), policy);
        bench.Read(gates);
        return bench;
    }

    /// <summary>What <c>tidelock approve</c> keeps of the text that is approved.</summary>
    public Task KeepTextAsync(string by) =>
        new ApprovedText(journal, Change, "production").KeepAsync(by, Time.GetUtcNow(), default);

    /// <summary>Somebody says a word on a gate of production, now.</summary>
    public Task SayAsync(string gate, string by, WordKind kind = WordKind.Confirmed, string note = "said so") =>
        AddAsync(new Word(kind, gate, by, note, Time.GetUtcNow(), "bastion-1").BoundTo(null, Change));

    public Task AddAsync(Word word) => new WordBook(journal, Change.Digest, "production").AddAsync(word, default);

    /// <summary>Tidelock itself tells the team, now.</summary>
    public Task AnnounceAsync(DateTimeOffset startsAt, string channels = "slack", bool isCalledOff = false)
    {
        var nobody = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        var word = new Word(WordKind.Announced, "announcement", "kim", channels, Time.GetUtcNow(), "bastion-1");
        return AddAsync(word with { Seen = new Announcement(startsAt, nobody) { IsCalledOff = isCalledOff }.ToJson() });
    }

    /// <summary>A run of this change that ends now.</summary>
    public async Task RunAsync(string environment, RunResult result, string? digest = null, string? target = null)
    {
        var run = RunId.New(Time);
        var epoch = await journal.TakeEpochAsync(run, null, default);
        JournalEntry? last = null;
        foreach (
            var e in (RunEvent[])
                [
                    SampleEvents.Started with
                    {
                        Digest = digest ?? Change.Digest,
                        TargetEnvironment = environment,
                        Target = target ?? SampleEvents.Started.Target,
                    },
                    new RunEnded(result, Message.Of("runs.completed")),
                ]
        )
        {
            var timed = e with { At = Time.GetUtcNow() };
            var id = Guid.NewGuid().ToString("N");
            last = JournalEntry.Next(run.Value, last, id, e.GetType().Name, RunEvents.Format(timed));
            Assert.Equal(AppendResult.Stored, await journal.AppendAsync(last, epoch, default));
        }
    }

    /// <summary>A look at the change there, now.</summary>
    public async Task LookAsync(
        string environment,
        string? breach = null,
        string? unseen = null,
        TimeSpan ahead = default
    )
    {
        var runs = await ChangeRuns.NamedAsync(journal, Change.Digest, environment, default);
        await new SoakBook(journal, Change.Digest, environment).AddAsync(
            new SoakLook(
                runs[0].Run.Value,
                Time.GetUtcNow() + ahead,
                Time.GetUtcNow() + ahead,
                "kim",
                "bastion-1",
                breach is null ? [] : [Message.Of("evidence.said", ("text", breach))],
                unseen is null ? [] : [Message.Of("evidence.said", ("text", unseen))],
                new Dictionary<string, double>(StringComparer.Ordinal) { ["p95"] = 0.2 }
            ),
            default
        );
    }

    /// <summary>Somebody who can write the journal's file edits it.</summary>
    public async Task EditAsync(string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={PathOf("journal.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.NotEqual(0, await command.ExecuteNonQueryAsync());
    }

    /// <summary>Looks there at the same distance until a time is over.</summary>
    public async Task SoakAsync(string environment, TimeSpan over, TimeSpan every)
    {
        for (var seen = TimeSpan.Zero; seen < over; seen += every)
        {
            Time.Advance(every);
            await LookAsync(environment);
        }
    }

    /// <summary>A file in the change's folder.</summary>
    public string PathOf(string name) => Path.Combine(folder, name);

    /// <summary>The signed evidence of the newest run of this change in an environment.</summary>
    public async Task SignAsync(string environment, string key, string file)
    {
        var runs = await ChangeRuns.NamedAsync(journal, Change.Digest, environment, default);
        var entries = await RunReader.EntriesAsync(journal, runs[0].Run, default);
        var statement = await EvidenceStatement.OfAsync(journal, entries, Time.GetUtcNow(), default);
        await File.WriteAllTextAsync(PathOf(file), await EvidenceBundle.SignAsync(statement!, key, default));
    }

    /// <summary>How the one gate stands for production.</summary>
    /// <param name="gate">The gate.</param>
    /// <param name="startsAt">When the start is planned; null for now.</param>
    /// <param name="began">When the run began that asks; null for none.</param>
    public async Task<GateStanding> StandingAsync(
        IGate gate,
        DateTimeOffset? startsAt = null,
        DateTimeOffset? began = null
    )
    {
        var production = Change.Environments.Single(e => e.Name == "production");
        var target = PostgresTarget.Parse(production.Database, NoVariables);
        var context = await GateContext.ReadAsync(Change, production, target, journal, startsAt, By, Time, default);
        var asked = context with { Began = began, TakenBy = TakenBy };
        return Assert.Single(await new Checklist([gate]).EvaluateAsync(asked, default));
    }

    public async Task<bool> PassesAsync(IGate gate) => (await StandingAsync(gate)).Passed;

    public async ValueTask DisposeAsync()
    {
        await journal.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
