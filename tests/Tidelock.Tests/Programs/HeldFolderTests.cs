using System.Diagnostics;
using Tidelock.Programs;

namespace Tidelock.Tests.Programs;

/// <summary>Which folders of killed programs are removed, and which are left alone.</summary>
public sealed class HeldFolderTests : IDisposable
{
    private const string Prefix = "tl-test-";

    private readonly string parent = Directory.CreateTempSubdirectory("tidelock-held-").FullName;

    [Fact]
    public void What_a_killed_program_left_is_removed_and_what_is_held_stays()
    {
        using var held = new HeldFolder(parent, Prefix, "held");
        var left = Leave("left", Environment.MachineName);

        HeldFolder.RemoveAbandoned(parent, Prefix, f => Assert.Equal(left, f));

        Assert.Equal([held.Path], Directory.GetDirectories(parent));
    }

    [Fact]
    public void A_pipe_in_place_of_the_lock_is_not_waited_for()
    {
        var pipe = Path.Combine(parent, Prefix + "pipe");
        Directory.CreateDirectory(pipe);
        Call("mkfifo", "-m", "666", Path.Combine(pipe, ".lock"));
        var link = Path.Combine(parent, Prefix + "link");
        Directory.CreateDirectory(Path.Combine(parent, "elsewhere"));
        File.WriteAllText(Path.Combine(parent, "elsewhere", ".lock"), Environment.MachineName);
        Directory.CreateSymbolicLink(link, Path.Combine(parent, "elsewhere"));

        Assert.Empty(HeldFolder.Abandoned(parent, Prefix));
    }

    [Fact]
    public void A_folder_of_another_user_is_left_to_him()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Giving a folder away takes root.");
        var theirs = Leave("theirs", Environment.MachineName);
        Call("chown", "12345", theirs);

        Assert.Empty(HeldFolder.Abandoned(parent, Prefix));
    }

    [Theory]
    [InlineData(DriveType.Network)]
    [InlineData(DriveType.Unknown)]
    public void What_another_machine_made_on_a_disk_of_the_network_is_left_to_it_for_a_week(DriveType disk)
    {
        var other = Leave("other", Environment.MachineName + "-2");
        var old = Leave("old", Environment.MachineName + "-2");
        File.SetLastWriteTimeUtc(Path.Combine(old, ".lock"), TimeProvider.System.GetUtcNow().AddDays(-8).UtcDateTime);

        Assert.Equal([old], HeldFolder.Abandoned(parent, Prefix, _ => disk));
        Assert.True(Directory.Exists(other));
    }

    [Theory]
    [InlineData(DriveType.Fixed)]
    [InlineData(DriveType.Ram)]
    public void On_a_disk_of_this_machine_whoever_left_it_under_another_name_is_gone_once_the_lock_can_be_taken(
        DriveType disk
    )
    {
        using var held = new HeldFolder(parent, Prefix, "held");
        var left = Leave("left", Environment.MachineName + "-2");

        Assert.Equal([left], HeldFolder.Abandoned(parent, Prefix, _ => disk));
    }

    [Fact]
    public void A_lock_that_is_just_being_made_is_nobodys_yet()
    {
        var making = Leave("making", "");
        Assert.Empty(HeldFolder.Abandoned(parent, Prefix));

        File.SetLastWriteTimeUtc(
            Path.Combine(making, ".lock"),
            TimeProvider.System.GetUtcNow().AddMinutes(-5).UtcDateTime
        );
        Assert.Equal([making], HeldFolder.Abandoned(parent, Prefix));
    }

    public void Dispose() => Directory.Delete(parent, recursive: true);

    private string Leave(string name, string maker)
    {
        var folder = Path.Combine(parent, Prefix + name);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ".lock"), maker);
        return folder;
    }

    private static void Call(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
