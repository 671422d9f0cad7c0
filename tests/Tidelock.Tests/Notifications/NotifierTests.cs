using Microsoft.AspNetCore.Http;
using Tidelock.Notifications.Announcements;
using Tidelock.Notifications.Sending;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

/// <summary>What tells people beside a run, with a real journal and a server that speaks as Slack does.</summary>
public sealed class NotifierTests
{
    private static readonly NoticePace Quick = new()
    {
        Between = TimeSpan.FromMilliseconds(20),
        FirstRetry = TimeSpan.FromMilliseconds(50),
        EndLimit = TimeSpan.FromSeconds(30),
    };

    [Fact]
    public async Task A_run_has_one_message_that_ends_with_its_end_and_the_journal_knows_it()
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            new ScriptedStep(
                "verify",
                async (_, _) =>
                {
                    await ToldAsync(bench.Slack, "▶ verify");
                    return StepOutcome.Passed(Message.Of("test.passed"));
                }
            )
        );

        Assert.Equal(RunResult.Completed, state.Result);
        var message = Assert.Single(bench.Slack.Messages);
        Assert.True(message.Edits > 0);
        Assert.Contains("✓ completed", message.Text, StringComparison.Ordinal);
        var replies = string.Join('\n', bench.Slack.Posts.Where(p => p.Thread == message.Stamp).Select(p => p.Text));
        Assert.Contains("started by kim on bastion-1", replies, StringComparison.Ordinal);
        Assert.Contains("✓ migrate", replies, StringComparison.Ordinal);
        Assert.Contains("✓ verify", replies, StringComparison.Ordinal);

        var standing = state.Notices["slack"];
        Assert.Equal(
            (message.Stamp, SlackServer.ChannelId),
            (standing.Identifiers["ts"], standing.Identifiers["channel"])
        );
        var entries = await RunReader.EntriesAsync(run.Journal, run.Run, default);
        var end = Assert.Single(entries, e => e.Kind == nameof(RunEnded));
        Assert.Equal(end.Sequence, standing.Upto);
        var sent = Assert.IsType<NoticeSent>(RunEvents.Parse(entries[^1]));
        Assert.Equal(end.Hash, sent.Hash);
        Assert.Contains($"tidelock:{run.Run}:{end.Sequence}:{end.Hash}", message.Read, StringComparison.Ordinal);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task A_program_that_goes_on_with_a_run_edits_the_message_of_the_one_before()
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        var first = run.RunAsync(ScriptedStep.Migrating(), ScriptedStep.Waiting("verify"));
        await ToldAsync(bench.Slack, "▶ verify");
        run.Ask(new RunRequest.Suspend(Message.Of("runs.left-unwatched", ("by", "kim"))));
        await first;
        Assert.Contains("tidelock resume", Assert.Single(bench.Slack.Messages).Read, StringComparison.Ordinal);

        var state = await run.RunAsync(ScriptedStep.Migrating(), ScriptedStep.Passing("verify"));

        Assert.Equal(RunResult.Completed, state.Result);
        Assert.Contains("✓ completed", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
        var replies = bench.Slack.Posts.Where(p => p.Thread is not null).SelectMany(p => p.Text.Split('\n')).ToList();
        Assert.Equal(replies.Count, replies.Distinct(StringComparer.Ordinal).Count());
        Assert.Single(replies, r => r.Contains("started by kim", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_nobody_had_told_is_told_by_the_next_program()
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        run.Notifier = null;
        var first = run.RunAsync(ScriptedStep.Migrating(), ScriptedStep.Waiting("verify"));
        await Polling.UntilAsync(() =>
            Task.FromResult(run.Events.ToArray().Any(e => e is StepStarted { Step: "verify" }))
        );
        run.Ask(new RunRequest.Suspend(Message.Of("runs.left-unwatched", ("by", "kim"))));
        await first;

        run.Notifier = Telling(bench);
        await run.RunAsync(ScriptedStep.Migrating(), ScriptedStep.Passing("verify"));

        var replies = string.Join('\n', bench.Slack.Posts.Where(p => p.Thread is not null).Select(p => p.Text));
        Assert.Contains("✓ migrate", replies, StringComparison.Ordinal);
        Assert.Contains("✓ verify", replies, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_fails_is_journaled_once_tried_again_and_told_whole()
    {
        await using var bench = await SlackBench.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            bench.Slack.Fail(SlackServer.Saying(503, "<html>maintenance</html>"));
        }

        await using var run = await RunAsync(bench);
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            new ScriptedStep(
                "verify",
                async (_, _) =>
                {
                    await ToldAsync(bench.Slack, "▶ verify");
                    return StepOutcome.Passed(Message.Of("test.passed"));
                }
            )
        );

        Assert.Equal(RunResult.Completed, state.Result);
        var failed = Assert.Single(run.Events.OfType<NoticeFailed>());
        Assert.Equal("notifications.api.status", failed.Problem.Code);
        Assert.Null(state.Notices["slack"].Problem);
        Assert.Contains("✓ completed", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("token_revoked")]
    [InlineData("channel_not_found")]
    public async Task A_token_revoked_in_mid_run_stops_nothing_and_is_known_afterwards(string error)
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            new ScriptedStep(
                "verify",
                async (_, _) =>
                {
                    await ToldAsync(bench.Slack, "▶ verify");
                    bench.Slack.Always = SlackServer.Refusing(error);
                    return StepOutcome.Passed(Message.Of("test.passed"));
                }
            )
        );

        Assert.Equal(RunResult.Completed, state.Result);
        var standing = state.Notices["slack"];
        Assert.Equal(error, standing.Problem!.Arguments["error"]);
        Assert.NotNull(standing.FailedAt);
        Assert.Equal(bench.Slack.Messages[0].Stamp, standing.Identifiers["ts"]);
        await run.SameAsStoredAsync(state);
    }

    [Fact]
    public async Task What_was_left_at_the_end_is_told_by_whoever_takes_hold_of_the_run_once_more()
    {
        await using var bench = await SlackBench.StartAsync();
        bench.Slack.Always = SlackServer.Refusing("token_revoked");
        await using var run = await RunAsync(bench);
        await run.RunAsync(ScriptedStep.Migrating());
        Assert.Empty(bench.Slack.Posts);

        bench.Slack.Always = null;
        var state = await run.RunAsync(ScriptedStep.Migrating());

        Assert.Equal((RunResult.Completed, null), (state.Result, state.Notices["slack"].Problem));
        Assert.Contains("✓ completed", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_that_says_when_is_left_alone_until_then_also_at_the_end()
    {
        await using var bench = await SlackBench.StartAsync();
        bench.Slack.Fail(SlackServer.Saying(429, "", "1"));
        await using var run = await RunAsync(bench);
        var since = TimeProvider.System.GetTimestamp();

        var state = await run.RunAsync(ScriptedStep.Migrating());

        Assert.True(TimeProvider.System.GetElapsedTime(since) >= TimeSpan.FromSeconds(1));
        Assert.Null(state.Notices["slack"].Problem);
        Assert.Contains("✓ completed", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_receiver_that_never_answers_holds_up_neither_the_run_nor_its_end_for_long()
    {
        await using var bench = await SlackBench.StartAsync();
        var hanging = new TaskCompletionSource();
        bench.Slack.Always = _ => hanging.Task;
        await using var run = await RunAsync(bench, Quick with { EndLimit = TimeSpan.FromMilliseconds(200) });
        var state = await run.RunAsync(ScriptedStep.Migrating()).WaitAsync(Quick.EndLimit);
        hanging.SetResult();
        bench.Slack.Always = null;
        Assert.Equal(RunResult.Completed, state.Result);
        Assert.Equal("notifications.no-answer", state.Notices["slack"].Problem!.Code);
        await run.SameAsStoredAsync(state);
        Assert.True(await HasLeftAsync(run, bench));

        run.Notifier = Telling(bench);
        await run.RunAsync(ScriptedStep.Migrating());
        Assert.Contains("✓ completed", bench.Slack.Messages[^1].Text, StringComparison.Ordinal);
        Assert.False(await HasLeftAsync(run, bench));
    }

    [Fact]
    public async Task The_end_of_a_run_that_its_program_could_tell_nobody_is_told_by_the_next()
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        var first = run.RunAsync(ScriptedStep.Migrating(), ScriptedStep.Waiting("verify"));
        await ToldAsync(bench.Slack, "▶ verify");
        run.Ask(new RunRequest.Suspend(Message.Of("runs.left-unwatched", ("by", "kim"))));
        await first;
        run.Notifier = null;
        await run.RunAsync(ScriptedStep.Migrating(), ScriptedStep.Passing("verify"));
        Assert.DoesNotContain("completed", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
        Assert.True(await HasLeftAsync(run, bench));

        run.Notifier = Telling(bench);
        await run.RunAsync(ScriptedStep.Migrating());

        Assert.Contains("✓ completed", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
        Assert.False(await HasLeftAsync(run, bench));
    }

    [Fact]
    public async Task That_a_person_is_needed_is_told_without_a_journal_in_the_thread_of_the_run()
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        var state = await run.RunAsync(ScriptedStep.Migrating());
        run.Journal.IsFull = true;
        await Telling(bench)(run.Journal)
            .AlarmAsync(
                bench.Change,
                run.Run,
                Notifier.Left(state),
                Message.Of("deployments.gave-up", ("run", run.Run), ("reason", "gone")),
                TimeProvider.System
            );
        var alarm = bench.Slack.Posts[^1];
        Assert.Equal(
            (Assert.Single(bench.Slack.Messages).Stamp, true),
            (alarm.Thread, (bool)alarm.Body["reply_broadcast"]!)
        );
        Assert.Contains("gone", alarm.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_incoming_webhook_says_why_a_person_is_needed_and_what_to_type()
    {
        await using var bench = await SlackBench.StartAsync("""webhook: "${SLACK_WEBHOOK}" """);
        await using var run = await RunAsync(bench);
        var state = await run.RunAsync(ScriptedStep.Migrating());
        await Telling(bench)(run.Journal)
            .AlarmAsync(
                bench.Change,
                run.Run,
                Notifier.Left(state with { Status = RunStatus.Running, Result = null }),
                Message.Of("deployments.gave-up", ("run", run.Run), ("reason", "gone")),
                TimeProvider.System
            );
        var blocks = bench.Slack.Posts[^1].Body["blocks"]!.ToJsonString();
        Assert.Contains("gone", blocks, StringComparison.Ordinal);
        Assert.Contains($"tidelock resume {run.Run}", blocks, StringComparison.Ordinal);
        Assert.DoesNotContain("tidelock watch", blocks, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rollback_and_its_end_are_told_and_people_are_alarmed()
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        var state = await run.RunAsync(
            ScriptedStep.Migrating(),
            ScriptedStep.Ending("verify", StepResult.Failed),
            ScriptedStep.Reverting()
        );
        Assert.Equal(RunResult.RolledBack, state.Result);
        Assert.Contains("↩ rolled back", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
        Assert.Contains(bench.Slack.Posts, p => p.Thread is not null && (bool)p.Body["reply_broadcast"]!);
    }

    [Fact]
    public async Task No_token_is_in_the_journal_whatever_Slack_answers()
    {
        await using var bench = await SlackBench.StartAsync();
        bench.Slack.Always = async context =>
            await context.Response.WriteAsync($"you sent {context.Request.Headers.Authorization}");
        await using var run = await RunAsync(bench);
        await run.RunAsync(ScriptedStep.Migrating());
        var entries = await RunReader.EntriesAsync(run.Journal, run.Run, default);
        Assert.Contains(entries, e => e.Kind == nameof(NoticeFailed));
        Assert.DoesNotContain("canary", string.Concat(entries.Select(e => e.Payload)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_goes_on_with_the_message_that_announced_it_and_the_next_run_has_its_own()
    {
        await using var bench = await SlackBench.StartAsync();
        await using var run = await RunAsync(bench);
        var startsAt = TimeProvider.System.GetUtcNow().AddMinutes(30);
        var told = Assert.Single(await AnnounceAsync(run, bench, startsAt));
        Assert.True(told.IsTold);
        Assert.Contains("starts at", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
        Assert.Contains(
            $"<!date^{startsAt.ToUnixTimeSeconds()}^{{date_short_pretty}} {{time}}|",
            bench.Slack.Messages[0].Read,
            StringComparison.Ordinal
        );
        await AnnounceAsync(run, bench, startsAt.AddMinutes(30));
        Assert.Single(bench.Slack.Messages);

        await run.RunAsync(ScriptedStep.Migrating());

        Assert.Contains("✓ completed", Assert.Single(bench.Slack.Messages).Text, StringComparison.Ordinal);
        await AnnounceAsync(run, bench, startsAt);
        Assert.Equal(2, bench.Slack.Messages.Count);
    }

    [Fact]
    public async Task An_announcement_that_reaches_nobody_is_no_word_on_the_gate()
    {
        await using var bench = await SlackBench.StartAsync();
        bench.Slack.Always = SlackServer.Refusing("invalid_auth");
        await using var run = await RunAsync(bench);
        var told = Assert.Single(await AnnounceAsync(run, bench, TimeProvider.System.GetUtcNow()));
        Assert.False(told.IsTold);
        Assert.Empty(await Words(run).ReadAsync(default));
    }

    private static Func<IJournal, Notifier> Telling(SlackBench bench, NoticePace? pace = null) =>
        journal => new Notifier(bench.Channels, journal) { Pace = pace ?? Quick };

    private static async Task<RunFixture> RunAsync(SlackBench bench, NoticePace? pace = null)
    {
        var run = await RunFixture.CreateAsync(change: bench.Change);
        run.Notifier = Telling(bench, pace);
        return run;
    }

    /// <summary>The fixture's run is of this digest.</summary>
    private static Task<IReadOnlyList<AnnouncedChannel>> AnnounceAsync(
        RunFixture run,
        SlackBench bench,
        DateTimeOffset startsAt
    ) =>
        new Announcer(bench.Channels, run.Journal, TimeProvider.System).AnnounceAsync(
            bench.Change,
            SlackBench.Subject with
            {
                Digest = SampleEvents.Started.Digest,
            },
            startsAt,
            default
        );

    private static async Task<bool> HasLeftAsync(RunFixture run, SlackBench bench) =>
        Telling(bench)(run.Journal).HasLeft(bench.Change, await RunReader.EntriesAsync(run.Journal, run.Run, default));

    private static WordBook Words(RunFixture run) => new(run.Journal, SampleEvents.Started.Digest, "production");

    private static Task ToldAsync(SlackServer slack, string text) =>
        Polling.UntilAsync(() =>
            Task.FromResult(slack.Messages.Any(m => m.Read.Contains(text, StringComparison.Ordinal)))
        );
}
