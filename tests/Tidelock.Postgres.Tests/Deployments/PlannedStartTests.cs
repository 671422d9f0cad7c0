using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A start that is planned twenty minutes ahead, on a real server, by a clock that the test sets forward instead of waiting.</summary>
public sealed class PlannedStartTests(PostgresServer server)
{
    private readonly ShiftedTime time = new();
    private readonly DateTimeOffset zero = TimeProvider.System.GetUtcNow().AddMinutes(24);

    [Fact]
    public async Task All_but_the_change_is_done_before_its_time_and_the_change_at_it()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        Hurry(fixture);
        await using var services = await OpenAsync(fixture);
        var end = await services.Deployment.AppointAsync(
            Planned(fixture),
            TimeSpan.FromMinutes(20),
            () => fixture.Request().Change,
            fixture.Terminal(),
            default
        );
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
        var stopped = await services.Deployment.AppointAsync(
            request,
            TimeSpan.FromMinutes(30),
            () => fixture.Request().Change,
            fixture.Terminal(),
            default
        );
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
        var end = await services.Deployment.AppointAsync(
            Planned(fixture),
            TimeSpan.FromMinutes(20),
            () => fixture.Request().Change,
            fixture.Terminal(),
            default
        );
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
        var end = await services.Deployment.AppointAsync(
            Planned(fixture),
            TimeSpan.FromMinutes(20),
            () => fixture.Request().Change,
            fixture.Terminal(),
            default
        );
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
        var end = await services.Deployment.AppointAsync(
            Planned(fixture),
            TimeSpan.FromMinutes(20),
            () => fixture.Request().Change,
            fixture.Terminal(),
            default
        );
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
        var end = await services.Deployment.AppointAsync(
            Planned(fixture),
            TimeSpan.FromMinutes(20),
            () => fixture.Request().Change,
            fixture.Terminal(),
            default
        );
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

    private DeploymentRequest Planned(DeploymentFixture fixture) =>
        fixture.Request() with
        {
            Appointment = new Appointment(zero, "Asia/Seoul"),
        };

    /// <summary>Sets the clock to when the preparation begins, and then to shortly before T-0, instead of waiting for either.</summary>
    private void Hurry(DeploymentFixture fixture)
    {
        fixture.OnProgress = p =>
        {
            if (p.Code == "deployments.appointment.until-ready")
            {
                time.ShiftTo(zero.AddMinutes(-20));
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
