using System.Security.Cryptography;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups.Dumps;

/// <summary>
/// A backup as pg_restore can read it. One that is encrypted is decrypted into a folder that nobody else can enter and that is removed with this;
/// any other is read where it is.
/// </summary>
internal sealed class PlainDump : IDisposable
{
    private const string Prefix = "tl-plain-";
    private const string TableOfContents = "toc.dat";

    private readonly HeldFolder? folder;

    private PlainDump(Backup backup, HeldFolder? folder)
    {
        Backup = backup;
        this.folder = folder;
    }

    /// <summary>The same backup, with a dump that is plain.</summary>
    public Backup Backup { get; }

    /// <summary>Decrypts all of it; or tells why that cannot be, and then nothing is left.</summary>
    /// <param name="backup">Any backup.</param>
    /// <param name="options">How this machine decrypts, and where: <c>rehearse: { folder: … }</c>.</param>
    /// <param name="cancellation">Ends it.</param>
    public static Task<(PlainDump? Dump, Message? Problem)> OpenAsync(
        Backup backup,
        BackupOptions options,
        CancellationToken cancellation
    ) => OpenAsync(backup, options, _ => true, cancellation);

    /// <summary>Decrypts its table of contents alone, which is enough for <c>pg_restore --list</c>.</summary>
    public static Task<(PlainDump? Dump, Message? Problem)> OpenListAsync(
        Backup backup,
        BackupOptions options,
        CancellationToken cancellation
    ) => OpenAsync(backup, options, f => f.Path == TableOfContents, cancellation);

    public void Dispose() => folder?.Dispose();

    /// <summary>Removes what killed programs had decrypted.</summary>
    public static void Sweep(BackupOptions options) =>
        HeldFolder.RemoveAbandoned(ParentOf(options), Prefix, static _ => { });

    private static string ParentOf(BackupOptions options) => options.Rehearsal.Folder ?? Path.GetTempPath();

    private static async Task<(PlainDump? Dump, Message? Problem)> OpenAsync(
        Backup backup,
        BackupOptions options,
        Func<FileDigest, bool> isWanted,
        CancellationToken cancellation
    )
    {
        if (backup.Manifest?.Encryption is not { } encryption)
        {
            return (new PlainDump(backup, null), null);
        }

        var found = await DumpCipher.ForAsync(encryption, options.Encrypt, cancellation).ConfigureAwait(false);
        if (found is not { } cipher)
        {
            return (null, Message.Of("backups.encryption.no-identity", ("path", backup.Path)));
        }

        try
        {
            return await DecryptAsync(
                    cipher,
                    backup,
                    encryption.Plain.Where(isWanted).ToList(),
                    ParentOf(options),
                    cancellation
                )
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, Message.Of("backups.unreadable", ("path", backup.Path), ("reason", e.Message)));
        }
    }

    private static async Task<(PlainDump? Dump, Message? Problem)> DecryptAsync(
        DumpCipher cipher,
        Backup backup,
        IReadOnlyList<FileDigest> files,
        string parent,
        CancellationToken cancellation
    )
    {
        Directory.CreateDirectory(parent);
        HeldFolder.RemoveAbandoned(parent, Prefix, static _ => { });
        if (FreeSpace.Lacking(parent, files.Sum(f => f.Size)) is { } lacking)
        {
            return (null, lacking);
        }

        var folder = new HeldFolder(parent, Prefix, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5)));
        PlainDump? opened = null;
        try
        {
            var dump = Directory.CreateDirectory(Path.Combine(folder.Path, Backup.DumpName), HeldFolder.OwnerOnly);
            var problem = await DecryptAsync(cipher, backup, files, dump, cancellation).ConfigureAwait(false);
            opened = problem is null ? new PlainDump(backup with { Dump = dump.FullName }, folder) : null;
            return opened is not null
                ? (opened, null)
                : (null, Message.Of("backups.encryption.not-opened", ("path", backup.Path), ("why", problem)));
        }
        finally
        {
            if (opened is null)
            {
                folder.Dispose();
            }
        }
    }

    private static async Task<Message?> DecryptAsync(
        DumpCipher cipher,
        Backup backup,
        IReadOnlyList<FileDigest> files,
        DirectoryInfo to,
        CancellationToken cancellation
    )
    {
        foreach (var file in files)
        {
            var plain = Path.Combine(to.FullName, file.Path);
            var from = Path.Combine(backup.Dump, file.Path + cipher.Extension);
            if (await cipher.DecryptAsync(from, plain, cancellation).ConfigureAwait(false) is { } problem)
            {
                return problem;
            }

            var digest = await DumpFiles.Sha256Async(plain, cancellation).ConfigureAwait(false);
            if (!string.Equals(digest, file.Sha256, StringComparison.Ordinal))
            {
                return Message.Of("backups.file-changed", ("file", file.Path), ("path", backup.Path));
            }
        }

        return null;
    }
}
