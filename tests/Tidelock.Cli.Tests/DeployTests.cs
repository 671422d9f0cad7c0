using System.Text.Json;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

public sealed class DeployTests(NativeProgram program, PostgresServer server)
{
    [Fact]
    public async Task A_change_goes_there_and_back_through_the_native_program()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var before = await DeployedPlace.ColumnsAsync(database);

        var plan = await place.RunAsync("plan", "change");
        Assert.True(plan.ExitCode == 0, plan.Output + plan.Errors);
        Assert.Equal(before, await DeployedPlace.ColumnsAsync(database));

        var deployed = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.True(deployed.ExitCode == 0, deployed.Output + deployed.Errors);
        Assert.Equal("id name score", await DeployedPlace.ColumnsAsync(database));
        Assert.Equal(0, (await place.RunAsync("verify", "change")).ExitCode);
        Assert.Equal(0, (await place.RunAsync("report", "--verify")).ExitCode);
        Assert.Contains("completed", (await place.RunAsync("status")).Output, StringComparison.Ordinal);

        var ways = await place.RunAsync("rollback");
        Assert.Equal(4, ways.ExitCode);
        Assert.Contains("downgrade", ways.Output, StringComparison.Ordinal);
        var back = await place.RunAsync("rollback", "--method", "definition");
        Assert.True(back.ExitCode == 1, back.Output + back.Errors);
        Assert.Equal(before, await DeployedPlace.ColumnsAsync(database));
        Assert.Equal(2, (await place.RunAsync("verify", "change")).ExitCode);
    }

    [Fact]
    public async Task Ways_back_are_ranked_and_a_restore_in_place_says_first_that_there_is_no_undo()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var deployed = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.True(deployed.ExitCode == 0, deployed.Output + deployed.Errors);
        var there = await DeployedPlace.ColumnsAsync(database);

        var ways = await place.RunAsync("rollback");
        Assert.Matches(@"1 ✓ definition +[0-9.]+ (ms|s), nothing lost\n", ways.Output);
        Assert.Matches(@"[34] ✓ in-place +not timed, [0-9,]+ rows lost, no undo\n", ways.Output);
        Assert.DoesNotContain("undo  ", ways.Output, StringComparison.Ordinal);

        var two = await place.RunAsync("rollback", "--in-place", "--method", "definition");
        Assert.Equal(4, two.ExitCode);
        Assert.Contains("several ways back", two.Errors, StringComparison.Ordinal);
        var needless = await place.RunAsync("rollback", "--method", "definition", "--rescue");
        Assert.Equal(4, needless.ExitCode);
        Assert.Contains("--rescue", needless.Errors, StringComparison.Ordinal);
        Assert.Equal(4, (await place.RunAsync("rollback", "--undo")).ExitCode);
        var unnamed = await place.RunAsync("rollback", "--in-place");
        Assert.Equal(3, unnamed.ExitCode);
        Assert.Contains(
            "No undo, and until it is done nobody reads or writes",
            unnamed.Output,
            StringComparison.Ordinal
        );
        Assert.Contains($"--confirm {database.Name}", unnamed.Errors, StringComparison.Ordinal);
        Assert.Equal(there, await DeployedPlace.ColumnsAsync(database));
    }

    [Fact]
    public async Task Nothing_happens_until_the_databases_name_is_given()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var before = await DeployedPlace.ColumnsAsync(database);
        var silent = await place.RunAsync("deploy", "change");
        Assert.Equal(3, silent.ExitCode);
        Assert.Contains($"--confirm {database.Name}", silent.Errors, StringComparison.Ordinal);
        Assert.Equal(3, (await place.RunAsync("deploy", "change", "--confirm", "another")).ExitCode);
        Assert.Equal(before, await DeployedPlace.ColumnsAsync(database));
        Assert.Contains("no runs", (await place.RunAsync("status")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gate_that_does_not_hold_refuses_until_somebody_vouches_for_it()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "approval: off", "approval: { required: 2 }");
        DeployedPlace.Replace(place, "change: scores", "change: scores\nauthor: choi");
        var unseen = await place.RunAsync("approve", "change", "--by", "kim");
        Assert.Equal(3, unseen.ExitCode);
        Assert.Contains("tidelock plan", unseen.Errors, StringComparison.Ordinal);
        Assert.Equal(3, (await place.RunAsync("plan", "change")).ExitCode);
        Assert.Equal(3, (await place.RunAsync("deploy", "change", "--confirm", database.Name)).ExitCode);
        Assert.Equal(0, (await place.RunAsync("approve", "change", "--by", "kim")).ExitCode);
        Assert.Equal(3, (await place.RunAsync("plan", "change")).ExitCode);
        Assert.Equal(0, (await place.RunAsync("approve", "change", "--by", "lee")).ExitCode);
        Assert.Equal(0, (await place.RunAsync("plan", "change")).ExitCode);

        await File.AppendAllTextAsync(Path.Combine(place.Change, "new.sql"), "-- edited after its approval\n");
        Assert.Equal(3, (await place.RunAsync("plan", "change")).ExitCode);
    }

    [Fact]
    public async Task A_refused_start_says_what_is_safe_what_to_type_and_whom_to_call_in_that_order()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "approval: off", "approval: { required: 2 }");
        DeployedPlace.Replace(place, "environments:", "contacts: { on-call: PagerDuty }\nenvironments:");
        var refused = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("approval", refused.Errors, StringComparison.Ordinal);
        Assert.Matches(
            @"(?s)Nothing was begun.*tidelock plan \S*change --env production.*on-call: PagerDuty\s*$",
            refused.Output
        );
        var machine = await place.RunAsync("deploy", "change", "--confirm", database.Name, "--json");
        using var end = JsonDocument.Parse(machine.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
        Assert.StartsWith(
            "tidelock plan ",
            end.RootElement.GetProperty("next")[0].GetString(),
            StringComparison.Ordinal
        );
        Assert.Equal("PagerDuty", end.RootElement.GetProperty("contacts").GetProperty("on-call").GetString());
    }

    [Fact]
    public async Task A_planned_start_is_looked_at_for_its_time_and_stands_in_a_calendar()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        string[] planned = ["plan", "change", "--at", "2099-11-28 02:30", "--zone", "Asia/Seoul", "--ics", "plan.ics"];
        var plan = await place.RunAsync(planned);
        Assert.True(plan.ExitCode == 0, plan.Output + plan.Errors);
        Assert.Contains("T-30", plan.Output, StringComparison.Ordinal);
        Assert.Contains("2099-11-28 02:00 Asia/Seoul", plan.Output, StringComparison.Ordinal);
        var calendar = await File.ReadAllTextAsync(Path.Combine(place.Folder, "plan.ics"));
        Assert.Contains("DTSTART:20991127T173000Z\r\n", calendar, StringComparison.Ordinal);

        await MistakenAsync(place, "25:00 is not a time", "deploy", "change", "--at", "25:00");
        await MistakenAsync(place, "is over already", "deploy", "change", "--at", "2020-01-01T02:30Z");
        await MistakenAsync(
            place,
            "never shows",
            "deploy",
            "change",
            "--at",
            "2099-03-29 02:30",
            "--zone",
            "Europe/Berlin"
        );
        await MistakenAsync(place, "Mars/Base", "deploy", "change", "--at", "02:30", "--zone", "Mars/Base");
        await MistakenAsync(place, "--ics", "deploy", "change", "--ics", "plan.ics");
    }

    private static async Task MistakenAsync(Workplace place, string said, params string[] arguments)
    {
        var result = await place.RunAsync(arguments);
        Assert.Equal(4, result.ExitCode);
        Assert.Contains(said, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_backup_may_not_be_passed_over_and_another_gate_only_with_a_reason()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "approval: off", "approval: { required: 1 }");
        string[] deploy = ["deploy", "change", "--by", "kim"];
        Assert.Equal(3, (await place.RunAsync([.. deploy, "--override", "backup", "--reason", "late"])).ExitCode);
        Assert.Equal(4, (await place.RunAsync([.. deploy, "--override", "approval"])).ExitCode);
        Assert.Equal(4, (await place.RunAsync([.. deploy, "--override", "nope", "--reason", "x"])).ExitCode);
        string[] forced = [.. deploy, "--override", "approval", "--reason", "outage", "--confirm", database.Name];
        var passed = await place.RunAsync(forced);
        Assert.True(passed.ExitCode == 0, passed.Output + passed.Errors);
        Assert.Contains("OVERRIDDEN by kim", passed.Output, StringComparison.Ordinal);
        Assert.Contains("outage", (await place.RunAsync("report")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Machines_get_every_event_as_the_journal_has_it_and_the_end_on_the_last_line()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var result = await place.RunAsync("deploy", "change", "--confirm", database.Name, "--json");
        var lines = result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var kinds = lines[..^1].Select(l => JsonDocument.Parse(l).RootElement.GetProperty("kind").GetString());
        Assert.Equal("RunStarted", kinds.First());
        Assert.Equal("RunEnded", kinds.Last());
        using var end = JsonDocument.Parse(lines[^1]);
        Assert.Equal(0, end.RootElement.GetProperty("exitCode").GetInt32());
        Assert.Equal(26, end.RootElement.GetProperty("run").GetString()!.Length);
        Assert.True(File.Exists(end.RootElement.GetProperty("evidence").GetString()));
    }

    [Fact]
    public async Task Machines_get_an_end_too_when_nothing_could_be_begun()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        await EndsAsync(3, "cli.confirm.needed", "deploy", "change", "--json");
        await EndsAsync(4, "cli.run.none", "rollback", "--json");
        DeployedPlace.Replace(place, "watch:", "watsh:");
        await EndsAsync(4, "cli.mistakes", "deploy", "change", "--json");
        DeployedPlace.Replace(place, "watsh:", "watch:");
        place.Variables["DATABASE_URL"] = "postgresql://postgres@127.0.0.1:1/nowhere";
        await EndsAsync(3, "deployments.refused", "deploy", "change", "--confirm", "nowhere", "--json");

        async Task EndsAsync(int exitCode, string code, params string[] arguments)
        {
            var result = await place.RunAsync(arguments);
            Assert.True(result.ExitCode == exitCode, result.Output + result.Errors);
            using var end = JsonDocument.Parse(result.Output.TrimEnd().Split('\n')[^1]);
            Assert.Equal(exitCode, end.RootElement.GetProperty("exitCode").GetInt32());
            Assert.Equal(code, end.RootElement.GetProperty("code").GetString());
        }
    }

    [Theory]
    [InlineData("rollback", "--method", "downgrade")]
    [InlineData("abort")]
    public async Task A_word_to_a_live_run_stays_with_it_to_its_end_and_ends_as_it_does(params string[] word)
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var before = await DeployedPlace.ColumnsAsync(database);
        DeployedPlace.Replace(place, "for: 1s", "for: 10m");
        var deploying = place.RunAsync("deploy", "change", "--confirm", database.Name);
        await database.UntilAsync(
            "select attname = 'id' from pg_attribute where attrelid = 'public.scores'::regclass and attnum = 1"
        );

        var told = await place.RunAsync(word);
        Assert.True(told.ExitCode == 1, told.Output + told.Errors);
        Assert.Equal(before, await DeployedPlace.ColumnsAsync(database));
        Assert.Contains("rolled back", told.Output, StringComparison.Ordinal);
        var deployed = await deploying;
        Assert.True(deployed.ExitCode == 1, deployed.Output + deployed.Errors);
    }

    [Fact]
    public async Task A_paused_run_waits_for_the_word_to_go_on_and_an_onlooker_ends_as_it_does()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "for: 1s", "for: 8s");
        var deploying = place.RunAsync("deploy", "change", "--confirm", database.Name);
        await database.UntilAsync(
            "select attname = 'id' from pg_attribute where attrelid = 'public.scores'::regclass and attnum = 1"
        );
        Assert.Equal(0, (await place.RunAsync("pause", "--by", "kim")).ExitCode);
        var looking = place.RunAsync("watch");
        await JournalTellsAsync(place, "\"Held\"");
        Assert.Contains("No command waits", (await place.RunAsync("commands")).Output, StringComparison.Ordinal);
        Assert.Equal(3, (await place.RunAsync("commands", "--cancel", "abc")).ExitCode);
        Assert.False(deploying.IsCompleted);
        Assert.Equal(0, (await place.RunAsync("continue", "--by", "lee")).ExitCode);
        var (deployed, looked) = (await deploying, await looking);
        Assert.True(deployed.ExitCode == 0, deployed.Output + deployed.Errors);
        Assert.Equal(0, looked.ExitCode);
        Assert.Contains("paused", looked.Output, StringComparison.Ordinal);
        Assert.Contains("completed", looked.Output, StringComparison.Ordinal);
        Assert.Equal(4, (await place.RunAsync("watch")).ExitCode);
    }

    [Fact]
    public async Task A_looser_bound_takes_two_people_and_a_tighter_one_acts_at_once()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var before = await DeployedPlace.ColumnsAsync(database);
        DeployedPlace.Replace(place, "for: 1s", "for: 20s");
        DeployedPlace.Replace(
            place,
            "baseline: 1s }",
            "baseline: 1s, probes: { one: { sql: select 1, unit: number } }, rollBackWhen: [one > 5 for 1s] }"
        );
        var deploying = place.RunAsync("deploy", "change", "--confirm", database.Name);
        await database.UntilAsync(
            "select attname = 'id' from pg_attribute where attrelid = 'public.scores'::regclass and attnum = 1"
        );
        Assert.Equal(0, (await place.RunAsync("pause", "--by", "kim")).ExitCode);
        await JournalTellsAsync(place, "\"Held\"");
        Task<ProgramResult> Bound(string by, params string[] arguments) =>
            place.RunAsync(["bound", .. arguments, "--reason", "import", "--by", by]);

        var wanted = await Bound("kim", "--from", "one > 5 for 1s", "--to", "one > 9 for 1s");
        Assert.True(wanted.ExitCode == 3, wanted.Output + wanted.Errors);
        using var waiting = JsonDocument.Parse((await place.RunAsync("commands", "--json")).Output.Trim());
        Assert.Equal("SecondPerson", waiting.RootElement.GetProperty("waitsFor").GetString());
        var id = waiting.RootElement.GetProperty("id").GetString()![..6];
        Assert.Equal(3, (await Bound("kim", "--confirm", id)).ExitCode);
        Assert.Equal(0, (await Bound("lee", "--confirm", id)).ExitCode);
        Assert.Equal(3, (await Bound("lee", "--confirm", id)).ExitCode);
        Assert.Equal(4, (await Bound("kim", "--from", "one > 5 for 1s", "--to", "one > 3 for 1s")).ExitCode);
        Assert.False(deploying.IsCompleted);

        Assert.Equal(0, (await Bound("kim", "--from", "one > 9 for 1s", "--to", "one > 0 for 1s")).ExitCode);
        var deployed = await deploying;
        Assert.True(deployed.ExitCode == 1, deployed.Output + deployed.Errors);
        Assert.Equal(before, await DeployedPlace.ColumnsAsync(database));
        var report = await place.RunAsync("report", "--format", "markdown");
        Assert.Contains("lee confirmed that", report.Output, StringComparison.Ordinal);
        Assert.Equal(4, (await Bound("kim", "--from", "one > 0 for 1s", "--to", "one > 1 for 1s")).ExitCode);
    }

    [Fact]
    public async Task A_command_to_a_suspended_run_waits_for_its_resume_and_can_be_taken_back_until_then()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "for: 1s", "for: 10s");
        var shell = place.Child() with
        {
            Path = "bash",
            Arguments =
            [
                "-c",
                """ "$1" deploy change --confirm "$2" >/dev/null 2>&1 & echo $! >pid; wait $! """,
                "run",
                program.Path,
                database.Name,
            ],
        };
        var running = shell.RunAsync(default);
        await database.UntilAsync(
            "select attname = 'id' from pg_attribute where attrelid = 'public.scores'::regclass and attnum = 1"
        );
        await SignalAsync(place, "KILL");
        await running;

        // Nobody takes it: the program is gone and has not said so.
        Assert.Equal(2, (await place.RunAsync("pause", "--by", "kim")).ExitCode);
        using var waiting = JsonDocument.Parse((await place.RunAsync("commands", "--json")).Output.Trim());
        Assert.Equal("Pause", waiting.RootElement.GetProperty("verb").GetString());
        var id = waiting.RootElement.GetProperty("id").GetString()!;
        var withdrawn = await place.RunAsync("commands", "--cancel", id[..6], "--by", "lee");
        Assert.True(withdrawn.ExitCode == 0, withdrawn.Output + withdrawn.Errors);
        var resumed = await place.RunAsync("resume");
        Assert.True(resumed.ExitCode == 0, resumed.Output + resumed.Errors);
        Assert.Contains(
            "withdraw",
            (await place.RunAsync("report", "--format", "json")).Output,
            StringComparison.OrdinalIgnoreCase
        );
    }

    [Fact]
    public async Task A_watch_is_suspended_by_sigterm_survives_sighup_and_a_lost_pipe_and_is_resumed()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "for: 1s", "for: 20s");
        // The reader of the pipe goes away after one line; the terminal hangs up; both must mean nothing to the run.
        var script = """
            "$1" deploy change --confirm "$2" > >(head -n 1 >/dev/null) 2>/dev/null &
            echo $! >pid; wait $!; echo $? >exit
            """;
        var shell = place.Child() with
        {
            Path = "bash",
            Arguments = ["-c", script, "run", program.Path, database.Name],
        };
        var running = shell.RunAsync(default);
        await database.UntilAsync(
            "select attname = 'id' from pg_attribute where attrelid = 'public.scores'::regclass and attnum = 1"
        );
        await SignalAsync(place, "HUP");
        await SignalAsync(place, "TERM");
        await running;
        Assert.Equal("2", (await File.ReadAllTextAsync(Path.Combine(place.Folder, "exit"))).Trim());
        Assert.Contains("suspended", (await place.RunAsync("status")).Output, StringComparison.Ordinal);

        Assert.Equal(5, (await place.RunAsync("deploy", "change", "--confirm", database.Name)).ExitCode);
        var resumed = await place.RunAsync("resume");
        Assert.True(resumed.ExitCode == 0, resumed.Output + resumed.Errors);
    }

    private static async Task JournalTellsAsync(Workplace place, string kind)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!(await place.RunAsync("report", "--format", "json")).Output.Contains(kind, StringComparison.Ordinal))
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromMinutes(1), $"No {kind} in a minute.");
        }
    }

    private static async Task SignalAsync(Workplace place, string signal)
    {
        var file = Path.Combine(place.Folder, "pid");
        await Polling.UntilAsync(() => Task.FromResult(File.Exists(file) && new FileInfo(file).Length > 0));
        var pid = (await File.ReadAllTextAsync(file)).Trim();
        (await new ChildProgram("kill", "-s", signal, pid).RunAsync(default)).OrThrow();
    }
}
