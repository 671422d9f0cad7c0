using System.Text.Json;
using Tidelock.Evidence.History;
using Tidelock.Runs;
using Tidelock.Runs.Sqlite;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

public sealed class DeploymentHistoryTests : IDisposable
{
    private static readonly string Digest = ((RunStarted)RunEvents.Parse(RunStories.Completed().Entries[0])).Digest;

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-history-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_figures_of_an_environment_come_from_its_runs_in_the_journal()
    {
        await using var journal = await SqliteJournal.OpenAsync(Path.Combine(folder, "journal.db"), default);
        await StoreAsync(journal, RunStories.Completed(), "1");
        await StoreAsync(journal, RunStories.RolledBack(), "2");
        await StoreAsync(journal, new RunStory().Started().At(-1, new RunEnded(RunResult.Refused, Said("no"))), "3");
        await new WordBook(journal, Digest, "production").AddAsync(
            new Word(WordKind.Shown, "approval", "kim", "", Zero.AddHours(-5), "bastion-1"),
            default
        );

        var history = await DeploymentHistory.ReadAsync(journal, Zero.AddDays(-14), Zero.AddHours(1), null, default);

        var figures = Assert.Single(history.Environments);
        Assert.Equal((3, 2, 1, 0.5), (figures.Runs, figures.Deployments, figures.Failed, figures.FailureRate));
        Assert.Equal(0.997, figures.PerWeek, 0.001);
        Assert.Equal(TimeSpan.FromHours(5) + TimeSpan.FromSeconds(1.5), figures.LeadTime);
        Assert.Equal(TimeSpan.FromSeconds(1), figures.RestoreTime);
        Assert.Equal(0, figures.NotRestored);
        using var json = JsonDocument.Parse(history.ToJson());
        Assert.Equal("tidelock/history/v1", json.RootElement.GetProperty("format").GetString());
        Assert.Equal(3, json.RootElement.GetProperty("runs").GetArrayLength());
        Assert.Empty((await DeploymentHistory.ReadAsync(journal, Zero, Zero.AddHours(1), null, default)).Runs);
        Assert.Empty(
            (await DeploymentHistory.ReadAsync(journal, Zero.AddDays(-9), Zero.AddHours(1), "staging", default)).Runs
        );
    }

    [Fact]
    public void A_change_that_needs_a_person_has_failed_and_is_not_restored()
    {
        var story = new RunStory()
            .Started()
            .At(0, new StepStarted("migrate", 1))
            .At(1, new MigrationApplied("7", Said("done")))
            .At(2, new StepStarted("verify", 1))
            .At(9, new StepEnded("verify", StepResult.Failed, Said("a grant is lost")))
            .At(10, new RunEnded(RunResult.NeedsPerson, Said("look")));
        var run = RunFigures.Of(Run, [.. story.Entries.Select(RunEvents.Parse)], null)!;
        Assert.Equal((Zero.AddSeconds(9), null), (run.FailedAt, run.RestoredAt));
        var figures = DeploymentHistory.Of([run], Zero.AddDays(-7), Zero).Environments.Single();
        Assert.Equal((1.0, null, 1), (figures.FailureRate, figures.RestoreTime, figures.NotRestored));
        Assert.Null(figures.LeadTime);
    }

    /// <summary>The story's entries, as those of another run.</summary>
    private static async Task StoreAsync(SqliteJournal journal, RunStory story, string number)
    {
        var run = new RunId(Run[..^1] + number);
        var epoch = await journal.TakeEpochAsync(run, null, default);
        JournalEntry? last = null;
        foreach (var entry in story.Entries.Where(e => e.Kind is not nameof(WatchTicked)))
        {
            last = JournalEntry.Next(run.Value, last, number + entry.EventId, entry.Kind, entry.Payload);
            Assert.Equal(AppendResult.Stored, await journal.AppendAsync(last, epoch, default));
        }
    }
}
