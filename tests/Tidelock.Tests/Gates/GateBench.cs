using Microsoft.Extensions.Time.Testing;
using Tidelock.Changes;
using Tidelock.Gates;
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
    private readonly Change change;

    private GateBench(IJournal journal, string folder, string gates, Dictionary<string, string> variables)
    {
        (this.journal, this.folder) = (journal, folder);
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            $$"""
            change: scores
            migration: { sql: { up: new.sql } }
            gates: { {{gates}} }
            environments:
              staging: { database: "host=127.0.0.1 port=1 dbname=s user=u" }
              production: { database: "host=127.0.0.1 port=1 dbname=p user=u" }
            """
        );
        var reading = TidelockServices.ChangeLoader.Load(folder, null, variables);
        Assert.Equal("", string.Join('\n', reading.Mistakes.Select(m => m.Render(TextCatalog.English))));
        change = reading.Change!;
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 22, 17, 0, 0, TimeSpan.Zero));

    /// <param name="gates">The section's inside: <c>approval: { required: 2 }</c>.</param>
    /// <param name="variables">What <c>${NAME}</c> stands for.</param>
    public static async Task<GateBench> CreateAsync(string gates, params (string Name, string Value)[] variables)
    {
        var folder = Directory.CreateTempSubdirectory("tidelock-gates-").FullName;
        return new GateBench(
            await SqliteJournal.OpenAsync(Path.Combine(folder, "journal.db"), default),
            folder,
            gates,
            variables.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal)
        );
    }

    /// <summary>Somebody says a word on a gate of production, now.</summary>
    public Task SayAsync(string gate, string by, WordKind kind = WordKind.Confirmed, string note = "said so") =>
        new WordBook(journal, change.Digest, "production").AddAsync(
            new Word(kind, gate, by, note, Time.GetUtcNow(), "bastion-1"),
            default
        );

    /// <summary>A run of this change that ends now.</summary>
    public async Task RunAsync(string environment, RunResult result, string? digest = null)
    {
        var run = RunId.New(Time);
        var epoch = await journal.TakeEpochAsync(run, null, default);
        JournalEntry? last = null;
        foreach (
            var e in (RunEvent[])
                [
                    SampleEvents.Started with
                    {
                        Digest = digest ?? change.Digest,
                        TargetEnvironment = environment,
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

    /// <summary>How the one gate stands for production.</summary>
    public async Task<GateStanding> StandingAsync(IGate gate)
    {
        var words = await new WordBook(journal, change.Digest, "production").ReadAsync(default);
        var production = change.Environments.Single(e => e.Name == "production");
        var usedUp = await ChangeRuns.LastUsedUpAsync(journal, change.Digest, production.Name, default);
        var target = PostgresTarget.Parse(production.Database, NoVariables);
        var context = new GateContext(change, production, target, journal, words, usedUp, Time);
        return Assert.Single(await new Checklist([gate]).EvaluateAsync(context, default));
    }

    public async Task<bool> PassesAsync(IGate gate) => (await StandingAsync(gate)).Passed;

    public async ValueTask DisposeAsync()
    {
        await journal.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
