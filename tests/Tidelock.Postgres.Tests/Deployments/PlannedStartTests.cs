using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Notifications;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Tests.Notifications;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A start that is planned twenty minutes ahead, on a real server, by a clock that the test sets forward instead of waiting.</summary>
public sealed class PlannedStartTests(PostgresServer server)
{
    private readonly ShiftedTime time = new();
    private DateTimeOffset zero = TimeProvider.System.GetUtcNow().AddMinutes(24);

    [Fact]
    public async Task All_but_the_change_is_done_before_its_time_and_the_change_at_it()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        Hurry(fixture);
        await using var services = await OpenAsync(fixture);
        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(20));
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.True(end.State!.StartedAt >= zero.AddMinutes(-20));
        Assert.True(end.State.Step("backup").EndedAt < zero);
        Assert.True(end.State.Step("baseline").EndedAt < zero);
        Assert.True(end.State.Step("migrate").StartedAt >= zero);
        Assert.Equal(
            [
                "prerequisites",
                "backup",
                "baseline",
                "appointment",
                "migrate",
                "verify",
                "smoke",
                "application",
                "watch",
                "complete",
            ],
            end.State.Steps.Select(s => s.Name)
        );
        Assert.Contains(fixture.Progress, p => p.Code == "deployments.appointment.until-ready");
        Assert.Equal(
            [TimelineStanding.Done, TimelineStanding.Done],
            Timeline
                .Of(end.State, time.GetUtcNow())
                .Points.Where(p => p.Mark is TimelineMark.Prepared or TimelineMark.Start)
                .Select(p => p.Standing)
        );
    }

    /// <summary>Slack is a server that speaks as its documentation says, and is too busy at first.</summary>
    [Fact]
    public async Task The_team_is_told_before_it_until_it_gets_through_and_the_run_goes_on_with_that_message()
    {
        await using var slack = await SlackServer.StartAsync();
        slack.Fail(SlackServer.Saying(429, "", retryAfter: "1"));
        zero = TimeProvider.System.GetUtcNow().AddMinutes(4);
        await using var fixture = await AnnouncedAsync(slack);
        Hurry(fixture, TimeSpan.FromMinutes(1));
        await using var services = await OpenAsync(fixture);
        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(1));
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        var words = await services.Deployment.Words(fixture.Request()).ReadAsync(default);
        var word = Assert.Single(words, w => w.Kind is WordKind.Announced);
        Assert.Equal("slack", word.Note);
        Assert.True(word.At <= zero.AddMinutes(-2), $"{word.At} is too late for {zero}");
        Assert.Equal("gates.announcement.sent", end.State!.Gates["announcement"].Finding.Code);
        var message = Assert.Single(slack.Messages);
        Assert.Contains("✓ completed", message.Text, StringComparison.Ordinal);
        Assert.Empty(fixture.Warnings);
        var announced = slack.Calls.Where(c =>
            c.Body["text"] is { } text && ((string)text!).Contains("starts at", StringComparison.Ordinal)
        );
        Assert.Equal("chat.postMessage", Assert.Single(announced).Method);
    }

    [Fact]
    public async Task Whoever_ends_the_waiting_while_a_channel_asks_for_patience_does_not_wait_for_it()
    {
        await using var slack = await SlackServer.StartAsync();
        await using var fixture = await AnnouncedAsync(slack);
        slack.Always = context =>
        {
            fixture.Requests.Writer.TryWrite(new RunRequest.Interrupt());
            return SlackServer.Saying(429, "", retryAfter: "60")(context);
        };
        fixture.OnProgress = _ => time.ShiftTo(zero.AddMinutes(-2.4));
        await using var services = await OpenAsync(fixture);
        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(1));
        Assert.Equal((ExitCode.Refused, "deployments.appointment.left"), (end.ExitCode, end.Finding.Code));
        Assert.Single(slack.Calls);
        Assert.Contains("429", Assert.Single(fixture.Warnings).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_was_announced_is_announced_once_and_called_off_where_its_waiting_is_ended()
    {
        await using var slack = await SlackServer.StartAsync();
        await using var fixture = await AnnouncedAsync(slack);
        fixture.OnProgress = p =>
        {
            if (p.Code == "deployments.appointment.until-told")
            {
                time.ShiftTo(zero.AddMinutes(-2.4));
            }
            else
            {
                fixture.Requests.Writer.TryWrite(new RunRequest.Interrupt());
            }
        };
        await using var services = await OpenAsync(fixture);
        var request = Planned(fixture);
        var subject = NoticeSubject.Of(request.Change, "production", request.Target.ToString(), "kim");
        await services.Announcer.AnnounceAsync(request.Change, subject, zero, default);
        var posted = Assert.Single(slack.Messages);
        Assert.Contains("starts at", posted.Text, StringComparison.Ordinal);

        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(1), request);
        Assert.Equal((ExitCode.Refused, "deployments.appointment.left"), (end.ExitCode, end.Finding.Code));
        var message = Assert.Single(slack.Messages);
        Assert.Equal((posted.Stamp, 1), (message.Stamp, message.Edits));
        Assert.Contains("does not start at", message.Text, StringComparison.Ordinal);
        var reply = Assert.Single(slack.Posts, p => p.Thread == posted.Stamp);
        Assert.True((bool)reply.Body["reply_broadcast"]!);
        var gate = await services.Deployment.GateAsync(request, "announcement", default);
        Assert.Equal("gates.announcement.called-off", gate.Finding.Code);

        // The next announcement is the same message, and one that is off is not called off again.
        await services.Announcer.AnnounceAsync(request.Change, subject, zero.AddHours(1), default);
        Assert.Contains("starts at", Assert.Single(slack.Messages).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_person_says_while_the_run_waits_counts_and_another_program_goes_on_with_the_waiting()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off, onCall: { people: 1 } }\n"
        );
        fixture.On = e =>
        {
            if (e is StepStarted { Step: "appointment" })
            {
                fixture.Requests.Writer.TryWrite(new RunRequest.Suspend(Message.Of("cli.signal.terminated")));
            }
        };
        await using var services = await OpenAsync(fixture);
        var request = Planned(fixture);
        var stopped = await AppointAsync(services, fixture, TimeSpan.FromMinutes(30), request);
        Assert.Equal(RunStatus.Suspended, stopped.State!.Status);
        Assert.False(stopped.State.Gates["on-call"].Passed);
        var word = new Word(WordKind.Confirmed, "on-call", "lee", "here", time.GetUtcNow(), "bastion-1");
        await services.Deployment.Words(request).AddAsync(word, default);

        Hurry(fixture);
        await using var others = await OpenAsync(fixture);
        var end = await others.Deployment.ResumeAsync(
            stopped.Run!.Value,
            fixture.Request(),
            takeOver: false,
            fixture.Terminal(),
            default
        );
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.True(end.State!.Gates["on-call"].Passed);
        Assert.True(end.State.Step("migrate").StartedAt >= zero);
    }

    [Fact]
    public async Task Who_ends_the_waiting_before_the_run_has_left_nothing_open()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        fixture.OnProgress = _ => fixture.Requests.Writer.TryWrite(new RunRequest.Interrupt());
        await using var services = await OpenAsync(fixture);
        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(20));
        Assert.Equal((ExitCode.Refused, "deployments.appointment.left"), (end.ExitCode, end.Finding.Code));
        Assert.Empty(await services.Journal.ListAsync(default));
    }

    [Fact]
    public async Task A_change_that_was_edited_in_the_waiting_is_not_begun()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        fixture.OnProgress = _ =>
        {
            File.AppendAllText(Path.Combine(fixture.ChangeFolder, "new.sql"), " -- edited");
            time.ShiftTo(zero.AddMinutes(-20));
        };
        await using var services = await OpenAsync(fixture);
        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(20));
        Assert.Equal((ExitCode.Refused, "deployments.appointment.edited"), (end.ExitCode, end.Finding.Code));
        Assert.Empty(await services.Journal.ListAsync(default));
    }

    /// <summary>The team asks for more while the start is waited for; the change itself is as it was.</summary>
    [Fact]
    public async Task The_policy_of_when_the_run_begins_counts_and_not_that_of_when_it_was_planned()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        fixture.OnProgress = p =>
        {
            if (p.Code == "deployments.appointment.until-ready")
            {
                File.WriteAllText(
                    Path.Combine(fixture.ChangeFolder, "tidelock.yaml"),
                    "environments: { production: { gates: { window: { deny: [{ days: [mon, tue, wed, thu, fri, sat, sun] }] } } } }\n"
                );
                time.ShiftTo(zero.AddMinutes(-20));
            }
        };
        await using var services = await OpenAsync(fixture);
        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(20));
        Assert.Equal((ExitCode.Refused, "window"), (end.ExitCode, end.Finding.Arguments["gates"]));
        Assert.Empty(await services.Journal.ListAsync(default));
    }

    [Fact]
    public async Task A_start_whose_run_does_not_fit_the_window_is_refused_before_anything_is_begun()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            "gates: { window: { deny: [{ from: \"00:00\", to: \"23:59\" }], takes: 5m } }\n"
        );
        await using var services = await OpenAsync(fixture);
        var end = await AppointAsync(services, fixture, TimeSpan.FromMinutes(20));
        Assert.Equal((ExitCode.Refused, "window"), (end.ExitCode, end.Finding.Arguments["gates"]));
        Assert.Empty(await services.Journal.ListAsync(default));
    }

    /// <summary>The gate found the window open; the program was stopped, and goes on when it is shut.</summary>
    [Fact]
    public async Task A_change_that_no_longer_fits_its_window_when_it_would_be_made_is_not_made()
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            $"gates: {{ window: {{ from: \"{now.AddHours(-1):HH:mm}\", to: \"{now.AddHours(2):HH:mm}\" }} }}\n"
        );
        fixture.On = e =>
        {
            if (e is StepStarted { Step: "baseline", Attempt: 1 })
            {
                fixture.Requests.Writer.TryWrite(new RunRequest.Suspend(Message.Of("cli.signal.terminated")));
            }
        };
        var stopped = await fixture.DeployAsync();
        Assert.Equal(RunStatus.Suspended, stopped.State!.Status);
        Assert.True(stopped.State.Gates["window"].Passed);

        var before = await fixture.CatalogAsync();
        time.ShiftTo(now.AddHours(3));
        await using var services = await OpenAsync(fixture);
        var end = await services.Deployment.ResumeAsync(
            stopped.Run!.Value,
            fixture.Request(),
            takeOver: false,
            fixture.Terminal(),
            default
        );
        Assert.Equal((ExitCode.Refused, "steps.migrate.window"), (end.ExitCode, end.Finding.Code));
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_change_is_taken_back_at_any_hour_however_shut_its_window_is()
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            $"gates: {{ backup: {{ rehearse: false, folder: ../backups }}, rollbackPlan: off, window: {{ from: \"{now.AddHours(-1):HH:mm}\", to: \"{now.AddHours(2):HH:mm}\" }} }}\n"
        );
        var before = await fixture.CatalogAsync();
        var deployed = await fixture.DeployAsync();
        Assert.True(deployed.ExitCode == ExitCode.Done, deployed.Finding.ToString());

        time.ShiftTo(now.AddHours(3));
        await using var services = await OpenAsync(fixture);
        Assert.False((await services.Deployment.GateAsync(fixture.Request(), "window", default)).Passed);
        var end = await services.Deployment.RollBackAsync(
            deployed.Run!.Value,
            fixture.Request(),
            "definition",
            fixture.Terminal(),
            default
        );
        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    [Fact]
    public async Task A_clock_that_is_far_off_begins_nothing_and_is_told_with_both_times()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        time.ShiftTo(TimeProvider.System.GetUtcNow().AddHours(1));
        await using var services = await OpenAsync(fixture);
        var end = await services.Deployment.StartAsync(fixture.Request(), fixture.Terminal(), default);
        Assert.Equal((ExitCode.Refused, "steps.prerequisites.clock-off"), (end.ExitCode, end.Finding.Code));
        Assert.Matches("^(1 h|59 min)", end.Finding.Arguments["by"]);
        Assert.NotEqual(end.Finding.Arguments["here"][..13], end.Finding.Arguments["there"][..13]);
    }

    /// <summary>Somebody stood by when the run began; it was stopped, and nobody does when it goes on.</summary>
    [Fact]
    public async Task A_run_that_stood_still_before_its_change_asks_its_gates_again()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            "gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off, onCall: { people: 1 } }\n"
        );
        fixture.On = e =>
        {
            if (e is StepStarted { Step: "baseline", Attempt: 1 })
            {
                fixture.Requests.Writer.TryWrite(new RunRequest.Suspend(Message.Of("cli.signal.terminated")));
            }
        };
        await using var services = await OpenAsync(fixture);
        var words = services.Deployment.Words(fixture.Request());
        var here = new Word(WordKind.Confirmed, "on-call", "lee", "here", time.GetUtcNow(), "bastion-1");
        await words.AddAsync(here, default);
        var stopped = await services.Deployment.StartAsync(fixture.Request(), fixture.Terminal(), default);
        Assert.Equal(RunStatus.Suspended, stopped.State!.Status);
        Assert.True(stopped.State.Gates["on-call"].Passed);

        var before = await fixture.CatalogAsync();
        await words.AddAsync(here with { Kind = WordKind.Withdrawn, At = time.GetUtcNow() }, default);
        time.ShiftTo(time.GetUtcNow().AddMinutes(20));
        await using var later = await OpenAsync(fixture);
        var end = await later.Deployment.ResumeAsync(
            stopped.Run!.Value,
            fixture.Request(),
            takeOver: false,
            fixture.Terminal(),
            default
        );
        Assert.Equal((ExitCode.Refused, "steps.migrate.gates"), (end.ExitCode, end.Finding.Code));
        Assert.False(end.State!.Gates["on-call"].Passed);
        Assert.Equal(before, await fixture.CatalogAsync());
    }

    private async Task<DeploymentFixture> AnnouncedAsync(SlackServer slack)
    {
        var fixture = await DeploymentFixture.CreateAsync(
            server,
            $$$"""
            gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off, announcement: { before: 30s } }
            notify: { slack: { channel: "#db-ops", token: "${SLACK_BOT_TOKEN}", api: "{{{slack.Api}}}" } }

            """
        );
        fixture.Variables["SLACK_BOT_TOKEN"] = SlackServer.Token;
        return fixture;
    }

    /// <summary>Waits for the planned start, and runs.</summary>
    private Task<DeploymentEnd> AppointAsync(
        TidelockServices services,
        DeploymentFixture fixture,
        TimeSpan prepares,
        DeploymentRequest? request = null
    ) =>
        services.Deployment.AppointAsync(
            request ?? Planned(fixture),
            prepares,
            () => fixture.Request().Change,
            fixture.Terminal(),
            default
        );

    private DeploymentRequest Planned(DeploymentFixture fixture) =>
        fixture.Request() with
        {
            Appointment = new Appointment(zero, "Asia/Seoul"),
        };

    /// <summary>Sets the clock to when the preparation begins, and then to shortly before T-0, instead of waiting for either.</summary>
    private void Hurry(DeploymentFixture fixture, TimeSpan? prepares = null)
    {
        fixture.OnProgress = p =>
        {
            if (p.Code == "deployments.appointment.until-told")
            {
                time.ShiftTo(zero.AddMinutes(-2.4));
            }

            if (p.Code == "deployments.appointment.until-ready")
            {
                time.ShiftTo(zero - (prepares ?? TimeSpan.FromMinutes(20)));
            }
        };
        fixture.On = e =>
        {
            if (e is StepStarted { Step: "appointment" })
            {
                time.ShiftTo(zero.AddMilliseconds(-300));
            }
        };
    }

    private Task<TidelockServices> OpenAsync(DeploymentFixture fixture) =>
        TidelockServices.OpenAsync(new TidelockSettings(fixture.JournalFile, time), default);

    /// <summary>The machine's clock, and as much later as the test wants; what has passed by it is passed time.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        private long by;

        public void ShiftTo(DateTimeOffset at) => Interlocked.Add(ref by, Math.Max(0, (at - GetUtcNow()).Ticks));

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddTicks(Interlocked.Read(ref by));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => System.GetElapsedTime(0).Ticks + Interlocked.Read(ref by);
    }
}
