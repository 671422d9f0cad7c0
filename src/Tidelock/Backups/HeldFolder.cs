namespace Tidelock.Backups;

/// <summary>
/// A folder for what must not outlive its maker, whom alone it lets in. Its maker holds a lock in it, so that what a killed program left can be told
/// from what another is using. Disposing removes it.
/// </summary>
internal sealed class HeldFolder : IDisposable
{
    public const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private const string LockName = ".lock";

    private readonly FileStream held;

    /// <summary>Makes it, and removes what killed programs left beside it.</summary>
    /// <param name="parent">Must exist.</param>
    /// <param name="prefix">What the names of all such folders begin with.</param>
    /// <param name="name">The rest of its name.</param>
    public HeldFolder(string parent, string prefix, string name)
    {
        foreach (var left in Directory.EnumerateDirectories(parent, prefix + "*"))
        {
            RemoveAbandoned(left);
        }

        Path = System.IO.Path.Combine(parent, prefix + name);
        Directory.CreateDirectory(Path, OwnerOnly);
        held = new FileStream(
            System.IO.Path.Combine(Path, LockName),
            FileMode.Create,
            FileAccess.Write,
            FileShare.None
        );
    }

    public string Path { get; }

    /// <summary>Gives it another name, and it stays: disposing leaves it alone.</summary>
    public void Keep(string name)
    {
        held.Dispose();
        File.Delete(System.IO.Path.Combine(Path, LockName));
        Directory.Move(Path, name);
    }

    public void Dispose()
    {
        held.Dispose();
        Remove(Path);
    }

    private static void RemoveAbandoned(string folder)
    {
        // Somebody else's link could lead anywhere.
        if (new DirectoryInfo(folder).LinkTarget is not null)
        {
            return;
        }

        try
        {
            using var taken = new FileStream(
                System.IO.Path.Combine(folder, LockName),
                FileMode.Open,
                FileAccess.Write,
                FileShare.None
            );
        }
        catch (FileNotFoundException) when (Directory.EnumerateFileSystemEntries(folder).Any())
        {
            // Its maker was ended after it had removed the lock. An empty folder may be one that is just being made.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return;
        }

        Remove(folder);
    }

    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A worker of a killed program may still write into it. Its name says what it is; the next one removes it.
        }
    }
}
