namespace Tidelock.Programs;

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
        RemoveAbandoned(parent, prefix, static _ => { });
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
        (Directory.Exists(parent) ? Directory.GetDirectories(parent, prefix + "*") : []).Where(IsAbandoned);

    /// <summary>Removes it while it is still held: nobody else takes it for abandoned meanwhile.</summary>
    public void Dispose()
    {
        Remove(Path);
        held.Dispose();
    }

    private static bool IsAbandoned(string folder)
    {
        // Somebody else's link could lead anywhere.
        if (new DirectoryInfo(folder).LinkTarget is not null)
        {
            return false;
        }

        try
        {
            using var taken = new FileStream(
                System.IO.Path.Combine(folder, LockName),
                FileMode.Open,
                FileAccess.Write,
                FileShare.None
            );
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Held; or without a lock, because it is just being made.
            return false;
        }
    }

    /// <summary>Removes as much of it as can be.</summary>
    public static void Remove(string folder)
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
