using System.Diagnostics;

namespace Tidelock.Crash.Tests;

/// <summary>A real small file system of its own that can be filled to the last byte; needs root.</summary>
internal sealed class FullDisk : IAsyncDisposable
{
    private FullDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    public static async Task<FullDisk> MountAsync()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a file system takes root.");
        var disk = new FullDisk(Directory.CreateTempSubdirectory("tidelock-disk-").FullName);
        var code = await RunAsync("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk.Folder);
        Assert.SkipUnless(code == 0, "This machine does not let root mount a file system.");
        return disk;
    }

    /// <summary>Writes until there is no room for a single byte.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var size in new[] { 65536, 4096, 1 })
        {
            try
            {
                while (true)
                {
                    file.Write(new byte[size]);
                }
            }
            catch (IOException)
            {
                // Full for this size.
            }
        }
    }

    public void GiveSpace() => File.Delete(Filler);

    public async ValueTask DisposeAsync()
    {
        await RunAsync("umount", "-l", Folder);
        Directory.Delete(Folder, recursive: true);
    }

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode;
    }
}
