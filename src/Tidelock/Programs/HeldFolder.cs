using System.Text;

namespace Tidelock.Programs;

/// <summary>
/// A folder for what must not outlive its maker, whom alone it lets in. Its maker holds a lock in it, so that what a killed program left can be told
/// from what another is using, on this machine or on another that shares the disk. Disposing removes it.
/// </summary>
internal sealed class HeldFolder : IDisposable
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const string LockName = ".lock";

    /// <summary>How long the lock may be without its maker's name, which is written right after it was taken.</summary>
    private static readonly TimeSpan Making = TimeSpan.FromMinutes(1);

    /// <summary>Not every network disk tells of locks of other machines: what those made is left to them for longer than anything of it takes.</summary>
    private static readonly TimeSpan Foreign = TimeSpan.FromDays(7);

    private readonly FileStream held;

    /// <summary>Makes it.</summary>
    /// <param name="parent">Must exist.</param>
    /// <param name="prefix">What the names of all such folders begin with.</param>
    /// <param name="name">The rest of its name.</param>
    public HeldFolder(string parent, string prefix, string name)
    {
        Path = System.IO.Path.Combine(parent, prefix + name);
        Directory.CreateDirectory(Path, OwnerOnly);
        held = new FileStream(
            System.IO.Path.Combine(Path, LockName),
            FileMode.Create,
            FileAccess.Write,
            FileShare.None
        );
        held.Write(Encoding.UTF8.GetBytes(Environment.MachineName));
        held.Flush();
    }

    public string Path { get; }

    /// <summary>Gives it another name, and it stays: disposing leaves it alone. The lock is held until it has the name.</summary>
    public void Keep(string name)
    {
        Directory.Move(Path, name);
        held.Dispose();
        File.Delete(System.IO.Path.Combine(name, LockName));
    }

    /// <summary>Removes what killed programs left.</summary>
    /// <param name="parent">Where such folders are; it may be missing.</param>
    /// <param name="prefix">What their names begin with.</param>
    /// <param name="before">Called with each before it is removed.</param>
    public static void RemoveAbandoned(string parent, string prefix, Action<string> before)
    {
        foreach (var left in Abandoned(parent, prefix))
        {
            before(left);
            Remove(left);
        }
    }

    /// <summary>What killed programs left.</summary>
    /// <param name="parent">Where such folders are; it may be missing.</param>
    /// <param name="prefix">What their names begin with.</param>
    public static IEnumerable<string> Abandoned(string parent, string prefix) =>
        Abandoned(parent, prefix, folder => new DriveInfo(folder).DriveType);

    /// <param name="parent">Where such folders are; it may be missing.</param>
    /// <param name="prefix">What their names begin with.</param>
    /// <param name="disk">On what kind of disk a folder is.</param>
    internal static IEnumerable<string> Abandoned(string parent, string prefix, Func<string, DriveType> disk) =>
        (Directory.Exists(parent) ? Directory.GetDirectories(parent, prefix + "*") : []).Where(f =>
            IsAbandoned(f, disk)
        );

    /// <summary>Removes it while it is still held: nobody else takes it for abandoned meanwhile.</summary>
    public void Dispose()
    {
        Remove(Path);
        held.Dispose();
    }

    private static bool IsAbandoned(string folder, Func<string, DriveType> disk)
    {
        var file = System.IO.Path.Combine(folder, LockName);
        try
        {
            // Somebody else's link could lead anywhere, and his pipe could hold us for ever.
            if (
                FileStatus.OfItself(folder) is not { Kind: FileKind.Folder } made
                || !UnprivilegedUser.IsOurs(made.Owner)
                || FileStatus.OfItself(file) is not { Kind: FileKind.File }
                || (new FileInfo(file).Length == 0 && IsYoungerThan(file, Making))
            )
            {
                return false;
            }

            using var taken = new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            using var reader = new StreamReader(taken);
            var maker = reader.ReadToEnd();
            return maker.Length == 0
                || maker == Environment.MachineName
                || TellsOfAllLocks(disk(folder))
                || !IsYoungerThan(file, Foreign);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Held, or gone.
            return false;
        }
    }

    /// <summary>A disk of this machine: a container has another name at each start, and the same kernel.</summary>
    private static bool TellsOfAllLocks(DriveType disk) =>
        disk is DriveType.Fixed or DriveType.Ram or DriveType.Removable;

    private static bool IsYoungerThan(string file, TimeSpan age) =>
        TimeProvider.System.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(file), TimeSpan.Zero) < age;

    /// <summary>Removes as much of it as can be.</summary>
    public static void Remove(string folder) => Try(() => Directory.Delete(folder, recursive: true));

    /// <summary>Removes it if nothing is in it.</summary>
    public static void RemoveEmpty(string folder) => Try(() => Directory.Delete(folder));

    private static void Try(Action remove)
    {
        try
        {
            remove();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone; or a worker of a killed program still writes into it. Its name says what it is; the next one removes it.
        }
    }
}
