using System.Globalization;
using Tidelock.Programs;

namespace Tidelock.Postgres;

/// <summary>Throwaway servers that were left running because their program was killed: nobody else would ever stop them, and they may hold a whole database.</summary>
internal static class AbandonedClusters
{
    /// <summary>What a program is told the folder by that restores files into it.</summary>
    internal const string FillsOption = "--pg1-path=";

    /// <summary>Nothing of it is needed any more.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    /// <summary>Stops and removes those in a folder whose lock nobody holds, all at once. What cannot be stopped stays, since nothing may fail for that.</summary>
    public static Task RemoveAsync(string parent, CancellationToken cancellation) =>
        Task.WhenAll(Found(parent).Select(folder => EndAsync(folder, cancellation)));

    private static async Task EndAsync(string folder, CancellationToken cancellation)
    {
        try
        {
            foreach (var child in Filling(folder).Concat(Server(folder)))
            {
                await child.EndAsync(Grace, TimeProvider.System, cancellation).ConfigureAwait(false);
            }

            await UnprivilegedUser.RemoveFolderAsync(folder, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException)
        {
            // The next one tries again.
        }
    }

    private static IReadOnlyList<string> Found(string parent)
    {
        try
        {
            return [.. HeldFolder.Abandoned(parent, LocalCluster.Prefix)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>
    /// By the pid that the server wrote down; none where it does not run. A pid may be another process's by now, so it must have been started on this
    /// very folder, whose name is used once.
    /// </summary>
    private static IEnumerable<StartedChild> Server(string folder)
    {
        try
        {
            var file = LocalCluster.PidFileOf(folder);
            var first = FileStatus.OfItself(file) is { Kind: FileKind.File }
                ? File.ReadLines(file).FirstOrDefault()
                : null;
            if (!int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                return [];
            }

            var child = StartedChild.Of(pid);
            return IsGiven(pid, LocalCluster.DataOf(folder)) ? [child] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Whoever still restores files into it: no file tells of him, but he was told the folder, whose name is used once.</summary>
    private static IReadOnlyList<StartedChild> Filling(string folder) =>
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(p => int.TryParse(Path.GetFileName(p), NumberStyles.None, null, out var pid) ? pid : 0)
                .Where(pid => pid > 0)
                .Select(pid => (pid, child: StartedChild.Of(pid)))
                .Where(p => IsGiven(p.pid, FillsOption + LocalCluster.DataOf(folder)))
                .Select(p => p.child),
        ];

    private static bool IsGiven(int pid, string argument)
    {
        try
        {
            var arguments = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cmdline").Split('\0');
            return arguments.Contains(argument, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
