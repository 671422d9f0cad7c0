using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>A real small file system that a server can have a tablespace on, and that can be filled; needs root.</summary>
internal sealed class SmallTablespace : IAsyncDisposable
{
    private readonly string mount = Directory.CreateTempSubdirectory("tidelock-small-").FullName;

    /// <summary>Empty, and the server's own.</summary>
    public string Folder => Path.Combine(mount, "tablespace");

    private string Filler => Path.Combine(mount, "filler");

    public static async Task<SmallTablespace> MountAsync(string size)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a file system takes root.");
        var disk = new SmallTablespace();
        var mounted = await new ChildProgram(
            "mount",
            "-t",
            "tmpfs",
            "-o",
            $"size={size},mode=0755",
            "tmpfs",
            disk.mount
        ).RunAsync(default);
        Assert.SkipUnless(mounted.Succeeded, "This machine does not let root mount a file system.");
        File.SetUnixFileMode(disk.mount, (UnixFileMode)0b111_101_101);
        UnprivilegedUser.CreateFolder(disk.Folder);
        return disk;
    }

    /// <summary>Leaves so many bytes.</summary>
    public void FillTo(long left)
    {
        using var file = File.Create(Filler);
        var room = new DriveInfo(mount).AvailableFreeSpace - left;
        var block = new byte[1 << 16];
        for (; room > 0; room -= block.Length)
        {
            file.Write(block);
        }
    }

    public void GiveSpace() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        await new ChildProgram("umount", "-l", mount).RunAsync(default);
        Directory.Delete(mount);
    }
}
