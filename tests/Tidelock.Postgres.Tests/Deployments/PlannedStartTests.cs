using Tidelock.Evidence;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>A start that is planned a few seconds ahead, on a real server.</summary>
public sealed class PlannedStartTests(PostgresServer server)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(12);

    [Fact]
    public async Task All_but_the_change_is_done_before_its_time_and_the_change_at_it()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        var at = TimeProvider.System.GetUtcNow() + Soon;
        await using var services = await fixture.OpenAsync();
        var end = await services.Deployment.AppointAsync(
            fixture.Request() with
            {
                Appointment = new Appointment(at, "Asia/Seoul"),
            },
            TimeSpan.FromSeconds(11),
            fixture.Terminal(),
            default
        );
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.True(end.State!.Step("backup").EndedAt < at);
        Assert.True(end.State.Step("baseline").EndedAt < at);
        Assert.True(end.State.Step("migrate").StartedAt >= at);
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
        var points = Timeline.Of(end.State, TimeProvider.System.GetUtcNow()).Points;
        Assert.Equal(
            [TimelineStanding.Done, TimelineStanding.Done],
            points.Where(p => p.Mark is TimelineMark.Prepared or TimelineMark.Start).Select(p => p.Standing)
        );
    }

    [Fact]
    public async Task What_a_person_says_while_the_run_waits_counts_and_another_program_goes_on_with_the_waiting()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, "gates: { onCall: { people: 1 } }\n");
        var at = TimeProvider.System.GetUtcNow() + Soon;
        var request = fixture.Request() with { Appointment = new Appointment(at, "UTC") };
        await using var services = await fixture.OpenAsync();
        fixture.On = e =>
        {
            if (e is StepStarted { Step: "appointment", Attempt: 1 })
            {
                fixture.Requests.Writer.TryWrite(new RunRequest.Suspend(Message.Of("cli.signal.terminated")));
            }
        };
        var stopped = await services.Deployment.AppointAsync(request, Soon, fixture.Terminal(), default);
        Assert.Equal(RunStatus.Suspended, stopped.State!.Status);
        Assert.False(stopped.State.Gates["on-call"].Passed);
        await services
            .Deployment.Words(request)
            .AddAsync(
                new Word(WordKind.Confirmed, "on-call", "lee", "here", TimeProvider.System.GetUtcNow(), "bastion-1"),
                default
            );

        await using var others = await fixture.OpenAsync();
        var end = await others.Deployment.ResumeAsync(
            stopped.Run!.Value,
            fixture.Request(),
            takeOver: false,
            fixture.Terminal(),
            default
        );
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.True(end.State!.Gates["on-call"].Passed);
        Assert.True(end.State.Step("migrate").StartedAt >= at);
    }

    [Fact]
    public async Task A_start_whose_run_does_not_fit_the_window_is_refused_before_anything_is_begun()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(
            server,
            "gates: { window: { deny: [{ from: \"00:00\", to: \"23:59\" }], takes: 5m } }\n"
        );
        await using var services = await fixture.OpenAsync();
        var at = TimeProvider.System.GetUtcNow() + Soon;
        var request = fixture.Request() with { Appointment = new Appointment(at, "UTC") };
        var end = await services.Deployment.AppointAsync(request, Soon, fixture.Terminal(), default);
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
        var later = new LaterTime(TimeSpan.FromHours(3));
        await using var services = await TidelockServices.OpenAsync(
            new TidelockSettings(fixture.JournalFile, later),
            default
        );
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
    public async Task A_clock_that_is_off_is_told_with_by_how_much()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        fixture.On = e =>
        {
            if (e is StepStarted { Step: "backup" })
            {
                fixture.Requests.Writer.TryWrite(new RunRequest.Suspend(Message.Of("cli.signal.terminated")));
            }
        };
        await using var services = await TidelockServices.OpenAsync(
            new TidelockSettings(fixture.JournalFile, new LaterTime(TimeSpan.FromHours(1))),
            default
        );
        var end = await services.Deployment.StartAsync(fixture.Request(), fixture.Terminal(), default);
        var finding = end.State!.Step("prerequisites").Finding!;
        Assert.Equal("steps.prerequisites.clock-ahead", finding.Code);
        Assert.StartsWith("1 h", finding.Arguments["by"], StringComparison.Ordinal);
    }

    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
