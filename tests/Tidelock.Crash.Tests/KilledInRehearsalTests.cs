using System.Diagnostics;
using System.Globalization;
using Tidelock.Postgres;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>SIGKILL in the middle of a rehearsal: its throwaway server, with the whole database in it, has nobody any more who would stop it.</summary>
public sealed class KilledInRehearsalTests(PostgresServer server)
{
    [Fact]
    public async Task A_server_that_a_killed_rehearsal_left_is_stopped_and_removed_by_the_next_start_and_one_in_use_is_not()
    {
        await using var bench = await CrashBench.CreateAsync(server, onPostgres: false, "definition");
        var place = Path.Combine(Path.GetTempPath(), "tl-place-" + Path.GetRandomFileName());
        Directory.CreateDirectory(place, HeldFolder.OwnerOnly | UnixFileMode.OtherExecute);
        await bench.ReplaceAsync("rehearse: false,", $"rehearse: {{ folder: {place} }},");
        var slow = await SlowAsync(bench);
        await using (var program = bench.Start("rehearse"))
        {
            await program.SaidAsync("Restore True");
            Assert.Single(Servers(place));
            await program.KillAsync();
        }

        var left = Assert.Single(Servers(place));
        Assert.True(left.IsRunning);
        var used = await LocalCluster.StartAsync(new LocalClusterOptions { Parent = place + "/" }, default);
        Assert.False(left.IsRunning);
        Assert.Equal([used.Folder], Directory.GetDirectories(place));
        Assert.NotEqual(left, Assert.Single(Servers(place)));
        await bench.ReplaceAsync(slow, "");

        var (code, output) = await bench.RunAsync("rehearse");

        Assert.True(code == 0, output);
        Assert.Single(Servers(place));
        await using (var session = await PostgresSession.OpenAsync(used.Target(), "test", default))
        {
            Assert.Equal(1, await session.ScalarAsync<int>("select 1", default));
        }

        await used.DisposeAsync();
        Assert.Empty(Directory.GetFileSystemEntries(place));
        Directory.Delete(place);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_killed_rehearsal_of_a_whole_server_left_is_ended_and_removed_by_the_next(bool isRestoring)
    {
        await using var source = await BackRestServer.StartAsync();
        await using var bench = await OfFilesAsync(source);
        var place = Place();
        var backup = $"backup: {{ {source.Yaml("none", "rehearsed")}, rehearse: {{ folder: {place} }} }}";
        var hanging = backup.Replace("program: [", $"program: [{Hanging}, ", StringComparison.Ordinal);
        await bench.ReplaceAsync("backup: { rehearse: false, folder: ../backups }", isRestoring ? hanging : backup);
        var slow = await SlowAsync(bench);
        await using (var program = bench.Start("rehearse"))
        {
            if (isRestoring)
            {
                await Polling.UntilAsync(() => Task.FromResult(Restoring(place).Count > 0));
            }
            else
            {
                await program.SaidAsync("Restore True");
            }

            await program.KillAsync();
        }

        List<StartedChild> left = isRestoring ? Restoring(place) : Servers(place);
        Assert.NotEmpty(left);
        Assert.All(left, l => Assert.True(l.IsRunning));
        await bench.ReplaceAsync(slow, "");
        await bench.ReplaceAsync(isRestoring ? hanging : backup, backup);

        var (code, output) = await bench.RunAsync("rehearse");

        Assert.True(code == 0, output);
        Assert.All(left, l => Assert.False(l.IsRunning));
        Assert.Empty(Directory.GetFileSystemEntries(place));
        Directory.Delete(place);
    }

    [Fact]
    public async Task A_run_that_was_killed_at_every_append_does_not_rehearse_again_what_it_has_journaled()
    {
        await using var source = await BackRestServer.StartAsync();
        await using var bench = await OfFilesAsync(source);
        var place = Place();
        await bench.ReplaceAsync(
            "backup: { rehearse: false, folder: ../backups }",
            $"backup: {{ {source.Yaml("none", "rehearsed")}, rehearse: {{ folder: {place} }} }}"
        );
        var kills = 0;
        while (true)
        {
            var (run, state, entries) = await bench.ReadAsync();
            if (run is not null && state.Step("backup").Status == StepStatus.Passed)
            {
                var facts = entries
                    .Select(RunEvents.Parse)
                    .OfType<FactRecorded>()
                    .Where(f => f is { Step: "backup", Name: "rehearsal" })
                    .Select(f => f.Value.GetProperty("at").GetString());
                Assert.Single(facts.Distinct(StringComparer.Ordinal));
                var backup = state.Fact("backup", "sourced")!.Value;
                Assert.Equal("Rehearsed", backup.GetProperty("level").GetString());
                Assert.NotEqual("", backup.GetProperty("restoreTook").GetString());
                break;
            }

            Assert.True(kills < 40, "it never comes to its change");
            var (code, output) = await bench.RunAsync(run is null ? "deploy" : "resume", run, "definition", "after");
            Assert.True(code is 0 or 137, $"ended with {code}\n{output}");
            kills++;
        }

        Assert.True(kills > 3, $"only {kills} kills");
        Assert.Empty(Directory.GetFileSystemEntries(place));
        Directory.Delete(place);
    }

    /// <summary>Instead of restoring it waits for ever, with the same arguments.</summary>
    private const string Hanging =
        "\"sh\", \"-c\", \"case \\\"$*\\\" in *' restore') sleep 600; : ;; *) exec \\\"$@\\\" ;; esac\", \"hangs\"";

    /// <summary>A query that holds a rehearsal up on the copy, so that it is not over before it is killed; what was added to the change.</summary>
    private static async Task<string> SlowAsync(CrashBench bench)
    {
        var slow = FormattableString.Invariant(
            $"  - {{ name: slow, sql: \"select pg_sleep(600) where current_setting('port') <> '{bench.Database.Cluster.Port}'\", rows: \"= 0\", within: 10m }}\n"
        );
        await bench.ReplaceAsync("smoke:\n", "smoke:\n" + slow);
        return slow;
    }

    /// <summary>A bench whose server has a backup of it.</summary>
    private static async Task<CrashBench> OfFilesAsync(BackRestServer source)
    {
        var bench = await CrashBench.CreateAsync(await TestDatabase.CreateAsync(source.Cluster), "definition", null);
        await source.RunAsync("--type=full", "backup");
        return bench;
    }

    private static string Place()
    {
        var place = Path.Combine(Path.GetTempPath(), "tl-place-" + Path.GetRandomFileName());
        Directory.CreateDirectory(place, HeldFolder.OwnerOnly | UnixFileMode.OtherExecute);
        return place;
    }

    /// <summary>Who writes files into such a folder.</summary>
    private static List<StartedChild> Restoring(string place) =>
        [
            .. Process
                .GetProcesses()
                .Where(p => Arguments(p.Id).Contains($"--pg1-path={place}/", StringComparison.Ordinal))
                .Select(p => StartedChild.Of(p.Id)),
        ];

    private static string Arguments(int pid)
    {
        try
        {
            return File.ReadAllText(FormattableString.Invariant($"/proc/{pid}/cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>The servers that run in a folder, as each has written down itself.</summary>
    private static List<StartedChild> Servers(string place) =>
        [
            .. Directory
                .GetDirectories(place)
                .Select(LocalCluster.PidFileOf)
                .Where(File.Exists)
                .Select(f => StartedChild.Of(int.Parse(File.ReadLines(f).First(), CultureInfo.InvariantCulture)))
                .Where(s => s.IsRunning),
        ];
}
