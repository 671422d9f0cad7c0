using System.Globalization;
using Tidelock.Postgres;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

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
