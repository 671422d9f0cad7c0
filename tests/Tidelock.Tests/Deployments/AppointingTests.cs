using System.Threading.Channels;
using Tidelock.Deployments;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Deployments;

/// <summary>The waiting before a planned run, with a clock that jumps over it.</summary>
public sealed class AppointingTests : IRunObserver, IRunDialogue, IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);
    private static readonly DateTimeOffset Zero = SampleEvents.Zero.AddHours(8);

    private readonly JumpingTime time = new(SampleEvents.Zero);
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-appointing-").FullName;
    private readonly Channel<RunRequest> requests = Channel.CreateUnbounded<RunRequest>();
    private readonly List<(DateTimeOffset At, Message Text)> progress = [];
    private readonly List<Message> warnings = [];
    private DateTimeOffset? told;

    [Fact]
    public async Task The_team_is_told_early_enough_for_its_gate_and_the_run_begins_half_an_hour_ahead()
    {
        Assert.Null(await WaitAsync("announcement: { before: 1h }", 30));
        Assert.Equal(Zero.AddMinutes(-62), told);
        Assert.Equal(Zero.AddMinutes(-30), time.GetUtcNow());
        Assert.Equal(
            ["deployments.appointment.until-told", "deployments.appointment.until-ready"],
            progress.Select(p => p.Text.Code).Distinct()
        );
        Assert.Equal("2026-11-23 10:00 Asia/Seoul", progress[0].Text.Arguments["at"]);
    }

    [Fact]
    public async Task A_run_that_gets_ready_for_longer_is_announced_before_it_begins()
    {
        Assert.Null(await WaitAsync("announcement: { before: 30m }", 120));
        Assert.Equal((Zero.AddMinutes(-120), Zero.AddMinutes(-120)), (told, time.GetUtcNow()));
    }

    [Fact]
    public async Task Where_it_is_late_already_nothing_is_waited_for()
    {
        time.Jump(TimeSpan.FromHours(7.9));
        Assert.Null(await WaitAsync("announcement: { before: 30m }", 30));
        Assert.Equal(told, time.GetUtcNow());
        Assert.Empty(progress);
    }

    [Fact]
    public async Task What_went_wrong_with_telling_is_said_and_stops_nothing()
    {
        Assert.Null(await WaitAsync("announcement: { before: 30m }", 30, Message.Of("test.slack-is-down")));
        Assert.Equal("test.slack-is-down", Assert.Single(warnings).Code);
    }

    [Fact]
    public async Task Who_ends_it_has_begun_nothing_and_told_nobody()
    {
        requests.Writer.TryWrite(new RunRequest.Interrupt());
        var end = await WaitAsync("announcement: { before: 30m }", 30);
        Assert.Equal((ExitCode.Refused, "deployments.appointment.left"), (end!.ExitCode, end.Finding.Code));
        Assert.Null(told);
        Assert.Equal(SampleEvents.Zero, time.GetUtcNow());
    }

    public void Happened(RunEvent e, RunState state) { }

    public void Progressed(string step, Message progress) => this.progress.Add((time.GetUtcNow(), progress));

    public void Warned(Message warning) => warnings.Add(warning);

    public Task<InterruptAnswer?> AskAfterInterruptAsync(RunState state, CancellationToken cancellation) =>
        Task.FromResult<InterruptAnswer?>(null);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task<DeploymentEnd?> WaitAsync(string gates, int prepares, params Message[] problems) =>
        new Appointing(time).WaitAsync(
            Request(gates),
            TimeSpan.FromMinutes(prepares),
            new DeploymentTerminal(this, this, requests),
            _ =>
            {
                told = time.GetUtcNow();
                return Task.FromResult<IReadOnlyList<Message>>(problems);
            },
            default
        );

    private DeploymentRequest Request(string gates)
    {
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            $$"""
            change: scores
            migration: { sql: { up: new.sql } }
            gates: { {{gates}} }
            environments:
              production: { database: "host=127.0.0.1 port=1 dbname=p user=u" }
            """
        );
        var change = TidelockServices.ChangeLoader.Load(folder, "production", NoVariables).Change!;
        var production = change.Environments.Single();
        return new DeploymentRequest(change, production, PostgresTarget.Parse(production.Database, NoVariables), "kim")
        {
            Appointment = new Appointment(Zero, "Asia/Seoul"),
        };
    }
}
