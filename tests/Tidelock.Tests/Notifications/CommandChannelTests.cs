using System.Text.Json.Nodes;
using Tidelock.Notifications.Command;
using Tidelock.Runs;

namespace Tidelock.Tests.Notifications;

public sealed class CommandChannelTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-command-").FullName;

    private string Told => Path.Combine(folder, "told");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_program_reads_every_notice_as_JSON_in_order()
    {
        using var run = Run("cat >> told");
        await run.TellAsync(ToldRun.Started, new WatchTicked(false, [], []), ToldRun.Held());
        await run.TellAsync(ToldRun.Ended(RunResult.NeedsPerson));

        var notices = Notices();
        Assert.Equal(["started", "held", "needsPerson"], notices.Select(n => (string?)n["moment"]));
        var held = notices[1];
        Assert.Equal("attempt-view-v1", (string?)held["change"]);
        Assert.Equal("production", (string?)held["environment"]);
        Assert.Equal("seedtest at db.example:5432", (string?)held["database"]);
        Assert.Equal(run.Run.Value, (string?)held["run"]);
        Assert.Equal("2026-11-22T17:00:03.000Z", (string?)held["at"]);
        Assert.Equal(3, (int?)held["sequence"]);
        Assert.True((bool?)held["needsPerson"]);
        Assert.Contains($"tidelock abort {run.Run}", held["commands"]!.AsArray().Select(c => (string?)c));
        Assert.Equal("PagerDuty", (string?)held["contacts"]!["on-call"]);
        Assert.Equal("https://git.example/73", (string?)held["links"]!["pull request"]);
        Assert.Equal("RunHeld", (string?)held["event"]!["kind"]);
        Assert.Equal($"tidelock:{run.Run}:{run.Head.Sequence}:{run.Head.Hash}", (string?)notices[2]["anchor"]);
    }

    [Fact]
    public async Task A_notice_it_did_not_take_comes_again_after_a_restart_and_nothing_else()
    {
        using var run = Run(
            "cat > now; if grep -q '\"held\"' now && ! test -e once; then touch once; echo no >&2; exit 7; fi; cat now >> told"
        );
        var news = run.Happen(ToldRun.Started, ToldRun.Held());
        var failed = await run.TellAsync(news);
        Assert.Equal("notifications.command.failed", failed.Problem!.Code);
        Assert.Equal(("7", "no"), (failed.Problem.Arguments["exit"], failed.Problem.Arguments["words"]));
        run.Restart();
        Assert.Null((await run.TellAsync(news)).Problem);
        Assert.Equal(["started", "held"], Notices().Select(n => (string?)n["moment"]));
    }

    [Fact]
    public async Task After_three_tries_newer_notices_overtake_one_that_is_never_taken()
    {
        using var run = Run(
            "cat > now; if grep -q '\"stepStarted\"' now; then echo no >&2; exit 1; fi; cat now >> told"
        );
        var news = run.Happen(ToldRun.Started, new StepStarted("migrate", 1), ToldRun.Ended(RunResult.NeedsPerson));
        await run.TellAsync(news);
        await run.TellAsync(news);
        Assert.Equal(["started"], Notices().Select(n => (string?)n["moment"]));
        Assert.NotNull((await run.TellAsync(news)).Problem);
        Assert.Equal(["started", "needsPerson"], Notices().Select(n => (string?)n["moment"]));
        Assert.True((await run.TellAsync(news)).IsNothing);
    }

    [Fact]
    public async Task One_that_does_not_read_is_told_all_the_same()
    {
        using var run = Run("exit 0");
        Assert.Null((await run.TellAsync(ToldRun.Started)).Problem);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_said_before_it_is_needed()
    {
        using var run = new ToldRun(context => new CommandChannel(
            new CommandOptions(["./no-such-program"], TimeSpan.FromSeconds(5), "en"),
            context
        ))
        {
            Folder = folder,
        };
        var answer = await run.AskAsync();
        Assert.False(answer.Passed);
        Assert.Contains(folder, answer.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal("programs.not-found", (await run.TellAsync(ToldRun.Started)).Problem!.Code);
    }

    [Fact]
    public void Its_words_are_in_the_language_of_the_channel()
    {
        using var run = Run("exit 1", "ko");
        var shown = Assert.Single(run.Preview(ToldRun.Started));
        Assert.Contains("시작", (string?)JsonNode.Parse(shown.Body)!["text"], StringComparison.Ordinal);
        Assert.False(File.Exists(Told));
    }

    private ToldRun Run(string script, string language = "en") =>
        new(context => new CommandChannel(
            new CommandOptions(["sh", "-c", script], TimeSpan.FromSeconds(20), language),
            context
        ))
        {
            Folder = folder,
        };

    /// <summary>One JSON document after the other.</summary>
    private List<JsonNode> Notices() =>
        [
            .. File.ReadAllText(Told)
                .Split("\n}\n", StringSplitOptions.RemoveEmptyEntries)
                .Select(n => JsonNode.Parse(n + "\n}")!),
        ];
}
