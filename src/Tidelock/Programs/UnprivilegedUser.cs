using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Programs;

/// <summary>PostgreSQL's server programs refuse root; started as root, they run as <c>nobody</c>.</summary>
internal static class UnprivilegedUser
{
    private const uint Nobody = 65534;

    /// <summary>The same program as it is, or as <c>nobody</c> when this process is root.</summary>
    public static ChildProgram Run(ChildProgram program)
    {
        if (!Signals.IsRoot)
        {
            return program;
        }

        var id = Nobody.ToString(CultureInfo.InvariantCulture);
        return program with
        {
            Path = "setpriv",
            Arguments = [$"--reuid={id}", $"--regid={id}", "--clear-groups", program.Path, .. program.Arguments],
        };
    }

    /// <summary>Makes a folder that this user and nobody else can enter.</summary>
    public static void CreateFolder(string folder)
    {
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Own(folder);
    }

    /// <summary>Whether a file is this process's or this user's, by its owner's id.</summary>
    public static bool IsOurs(uint owner) => owner == Signals.UserId || (Signals.IsRoot && owner == Nobody);

    /// <summary>Removes a folder, as whoever owns it: whatever links this user makes in it meanwhile, nothing of anybody else's goes with it.</summary>
    public static async Task RemoveFolderAsync(string folder, CancellationToken cancellation)
    {
        if (!Signals.IsRoot || FileStatus.OfItself(folder) is not { Owner: Nobody })
        {
            HeldFolder.Remove(folder);
            return;
        }

        await Run(new ChildProgram("rm", "-rf", "--", folder)).RunAsync(cancellation).ConfigureAwait(false);
        HeldFolder.RemoveEmpty(folder);
    }

    /// <summary>Gives a file to this user.</summary>
    public static void Own(string path)
    {
        if (Signals.IsRoot)
        {
            Signals.TryChangeOwner(path, Nobody, Nobody);
        }
    }

    /// <summary>Refuses a folder that this user could not reach, before a server program fails with less to say.</summary>
    /// <exception cref="TidelockException"><c>programs.folder-unreachable</c>.</exception>
    public static void RequireReachable(string folder)
    {
        if (!Signals.IsRoot)
        {
            return;
        }

        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            if (at.Exists && (at.UnixFileMode & UnixFileMode.OtherExecute) == 0)
            {
                throw new TidelockException(
                    Message.Of("programs.folder-unreachable", ("folder", folder), ("parent", at.FullName)),
                    ExitCode.Refused
                );
            }
        }
    }
}
