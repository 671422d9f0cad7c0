using Tidelock.Texts;

namespace Tidelock.Backups.Dumps;

/// <summary>Encrypts a dump that pg_dump has written, file by file, in the folder that is no backup yet.</summary>
internal static class EncryptedDump
{
    /// <summary>How the files are encrypted, which is null where nobody wants that; or why they could not be.</summary>
    public static async Task<(EncryptedFiles? Encryption, Message? Problem)> MakeAsync(
        string dump,
        DumpEncryption? options,
        CancellationToken cancellation
    )
    {
        if (options is null)
        {
            return (null, null);
        }

        var cipher = DumpCipher.Of(options);
        var plain = await DumpFiles.DigestAsync(dump, cancellation).ConfigureAwait(false);
        foreach (var file in plain)
        {
            var problem = await cipher.EncryptAsync(Path.Combine(dump, file.Path), cancellation).ConfigureAwait(false);
            if (problem is not null)
            {
                return (null, problem);
            }
        }

        return (new EncryptedFiles(options.Tool, options.Recipients, plain), null);
    }
}
