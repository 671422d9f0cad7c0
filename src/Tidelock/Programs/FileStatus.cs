using System.Runtime.InteropServices;

namespace Tidelock.Programs;

/// <summary>What .NET does not tell of a file: what it is without following a link, whose it is, and on which disk it lies.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Owner">The user's id.</param>
/// <param name="Disk">The same for all that lies on the same file system.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly partial record struct FileStatus(FileKind Kind, uint Owner, (uint Major, uint Minor) Disk)
{
    private const int Here = -100;
    private const int NoFollow = 0x100;
    private const uint TypeModeAndOwner = 0b1011;
    private const int TypeBits = 0xF000;

    /// <summary>Of the file itself, also where it is a link; null where it is not to be seen.</summary>
    public static FileStatus? OfItself(string path) => Of(path, NoFollow);

    /// <summary>Of what its links lead to; null where that is not to be seen.</summary>
    public static FileStatus? OfTarget(string path) => Of(path, 0);

    private static FileStatus? Of(string path, int flags) =>
        Statx(Here, path, flags, TypeModeAndOwner, out var s) == 0
            ? new FileStatus(
                (s.Mode & TypeBits) switch
                {
                    0x8000 => FileKind.File,
                    0x4000 => FileKind.Folder,
                    _ => FileKind.Other,
                },
                s.Owner,
                (s.DiskMajor, s.DiskMinor)
            )
            : null;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int folder, string path, int flags, uint mask, out Native status);

    /// <summary><c>struct statx</c>, which is the same on every machine.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Native
    {
        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(136)]
        public uint DiskMajor;

        [FieldOffset(140)]
        public uint DiskMinor;
    }
}

internal enum FileKind
{
    File,
    Folder,

    /// <summary>A link, a pipe, a device.</summary>
    Other,
}
