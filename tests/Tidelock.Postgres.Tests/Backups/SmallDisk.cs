using System.Diagnostics;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>A tmpfs over a folder.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string folder;

    private SmallDisk(string folder) => this.folder = folder;

    public static SmallDisk Mount(string folder, string size)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small disk needs root.");
        Call("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder);
        return new SmallDisk(folder);
    }

    public void Fill(string name = "filler")
    {
        try
        {
            using var filler = File.Create(Path.Combine(folder, name));
            var block = new byte[1 << 20];
            while (true)
            {
                filler.Write(block);
            }
        }
        catch (IOException)
        {
            // The disk is full: what was wanted.
        }
    }

    public void Dispose() => Call("umount", "-l", folder);

    private static void Call(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
