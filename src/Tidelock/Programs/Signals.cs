using System.Runtime.InteropServices;

namespace Tidelock.Programs;

/// <summary>Three things .NET does not offer: a signal to a whole group, our user id, and giving a folder away.</summary>
internal static partial class Signals
{
    public const int Interrupt = 2;
    public const int Kill = 9;

    /// <summary>Sends a signal to a process, or to its group when the number is negative. A process that is gone, or another user's, is not an error: look whether it runs on.</summary>
    public static void Send(int target, int signal) => _ = NativeKill(target, signal);

    /// <summary>Whether this process is root, which PostgreSQL's server programs refuse to run as.</summary>
    public static bool IsRoot => UserId == 0;

    /// <summary>Whose files this process makes.</summary>
    public static uint UserId => EffectiveUser();

    /// <summary>Gives a file or folder to a user and group.</summary>
    public static bool TryChangeOwner(string path, uint user, uint group) => ChangeOwner(path, user, group) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int NativeKill(int target, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
