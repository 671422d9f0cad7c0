using System.Diagnostics;
using Tidelock.Programs;

namespace Tidelock.Tests.Programs;

public sealed class ChildProgramTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_a_child_leaves_running_keeps_nobody_waiting_for_its_output()
    {
        var start = TimeProvider.System.GetTimestamp();

        var result = await new ChildProgram("sh", "-c", "sleep 60 & echo $!; echo odd >&2; exit 3").RunAsync(default);

        Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
        Assert.Equal((3, "odd\n"), (result.ExitCode, result.Errors));
        var left = int.Parse(result.Output, System.Globalization.CultureInfo.InvariantCulture);
        var sleeping = StartedChild.Of(left);
        Assert.True(sleeping.IsRunning);
        await sleeping.EndAsync(TimeSpan.FromSeconds(5), TimeProvider.System, default);
    }

    [Fact]
    public async Task A_childs_output_errors_and_exit_code_come_back()
    {
        var result = await Shell("echo out; echo err >&2; exit 7").RunAsync(CancellationToken.None);
        Assert.Equal((7, "out\n", "err\n"), (result.ExitCode, result.Output, result.Errors));
        Assert.Equal("err", result.LastWords);
        Assert.Equal("programs.failed", Assert.Throws<TidelockException>(() => result.OrThrow()).Problem.Code);
    }

    [Fact]
    public async Task Lines_come_as_they_are_written()
    {
        var lines = new List<string>();
        var exit = await Shell("echo one; echo two >&2; echo 셋").RunAsync(lines.Add, CancellationToken.None);
        Assert.Equal(0, exit);
        Assert.Equal(["one", "two", "셋"], lines.OrderBy(l => l, StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        var program = new ChildProgram("no-such-program");
        var e = await Assert.ThrowsAsync<TidelockException>(() => program.RunAsync(CancellationToken.None));
        Assert.Equal("programs.not-found", e.Problem.Code);
        Assert.Equal("no-such-program", e.Problem.Arguments["program"]);
    }

    [Fact]
    public async Task Secrets_travel_in_the_environment_and_are_in_no_command_line()
    {
        var program = Shell("tr '\\0' ' ' < /proc/$$/cmdline; echo $SECRET") with
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["SECRET"] = "canary",
                ["HOME"] = null,
            },
        };
        var output = (await program.RunAsync(CancellationToken.None)).Output;
        Assert.EndsWith("canary\n", output, StringComparison.Ordinal);
        Assert.Single(output.Split("canary"), part => part.Contains("SECRET", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_child_leads_a_session_of_its_own()
    {
        var output = (await Shell("cut -d' ' -f1,5,6 /proc/$$/stat").RunAsync(CancellationToken.None)).Output;
        var ids = output.Trim().Split(' ');
        Assert.All(ids, id => Assert.Equal(ids[0], id));
    }

    [Fact]
    public async Task Cancelling_interrupts_first_so_the_child_can_clean_up()
    {
        var lines = new List<string>();
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            Shell("trap 'echo cleaned; exit 0' INT; echo ready; while :; do sleep 0.05; done")
                .RunAsync(
                    line =>
                    {
                        lines.Add(line);
                        cancel.Cancel();
                    },
                    cancel.Token
                )
        );
        Assert.Equal(["ready", "cleaned"], lines);
    }

    [Fact]
    public async Task A_child_that_ignores_the_interrupt_is_killed_after_the_grace_with_its_own_children()
    {
        using var cancel = new CancellationTokenSource();
        StartedChild? grandchild = null;
        var program = Shell("trap '' INT; sleep 300 & echo $!; wait; wait; wait") with
        {
            Grace = TimeSpan.FromMilliseconds(100),
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            program.RunAsync(
                line =>
                {
                    grandchild = StartedChild.Of(int.Parse(line, System.Globalization.CultureInfo.InvariantCulture));
                    cancel.Cancel();
                },
                cancel.Token
            )
        );
        await EndedAsync(grandchild!);
    }

    [Fact]
    public async Task A_child_that_outlives_its_kill_is_said_with_its_pid_and_one_that_has_ended_is_not()
    {
        using var other = Process.Start("sleep", "300");
        var child = StartedChild.Of(other.Id);
        var program = new ChildProgram("sudo");

        var e = Assert.Throws<TidelockException>(() => program.ThrowIfOutlived(child));
        await child.EndAsync(TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None);
        program.ThrowIfOutlived(child);

        Assert.Equal("programs.outlived", e.Problem.Code);
        Assert.Equal(other.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), e.Problem.Arguments["pid"]);
    }

    [Fact]
    public async Task A_started_child_is_announced_and_ended_when_announcing_fails()
    {
        StartedChild? started = null;
        var program = new ChildProgram("sleep", "300")
        {
            OnStarted = child =>
            {
                started = child;
                throw new InvalidOperationException("the journal's disk is full");
            },
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() => program.RunAsync(CancellationToken.None));
        Assert.False(started!.IsRunning);
    }

    [Fact]
    public async Task A_journaled_child_can_be_ended_by_another_process_and_only_once()
    {
        using var orphan = Process.Start("setsid", ["sh", "-c", "trap '' INT; sleep 300"]);
        var child = StartedChild.Of(orphan.Id);
        Assert.True(child.IsRunning);
        Assert.True(await child.EndAsync(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None));
        Assert.False(child.IsRunning);
        Assert.False(await child.EndAsync(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public async Task A_pid_that_belongs_to_another_process_by_now_is_left_alone()
    {
        using var stranger = Process.Start("sleep", "300");
        var earlier = StartedChild.Of(stranger.Id) with { Started = "another-boot/1" };
        Assert.False(await earlier.EndAsync(TimeSpan.Zero, TimeProvider.System, CancellationToken.None));
        Assert.False(stranger.HasExited);
        stranger.Kill();
    }

    private static ChildProgram Shell(string script) => new("sh", "-c", script);

    private static async Task EndedAsync(StartedChild child)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (child.IsRunning)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < Patience, "still running");
            await Task.Yield();
        }
    }
}
