using Tidelock.Programs;

namespace Tidelock.Backups;

/// <summary>
/// Has the entries of folders written to the disk, so that a backup that is told as taken is there after a power cut, too. pg_dump and the ciphers do it for
/// their files.
/// </summary>
internal static class FolderSync
{
    private const string Program = "sync";

    public static async Task WriteAsync(IReadOnlyList<string> folders, CancellationToken cancellation)
    {
        if (ProgramPaths.Find(Program) is { } sync)
        {
            await new ChildProgram(sync, folders).RunAsync(cancellation).ConfigureAwait(false);
        }
    }
}
