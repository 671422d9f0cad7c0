using System.Security.Cryptography;

namespace Tidelock.Backups.Dumps;

/// <summary>The files of a dump in directory format.</summary>
internal static class DumpFiles
{
    public static async Task<IReadOnlyList<FileDigest>> DigestAsync(string dump, CancellationToken cancellation)
    {
        var digests = new List<FileDigest>();
        foreach (var file in Directory.EnumerateFiles(dump).Order(StringComparer.Ordinal))
        {
            digests.Add(
                new FileDigest(
                    Path.GetFileName(file),
                    new FileInfo(file).Length,
                    await Sha256Async(file, cancellation).ConfigureAwait(false)
                )
            );
        }

        return digests;
    }

    public static async Task<string> Sha256Async(string file, CancellationToken cancellation)
    {
        await using var content = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellation).ConfigureAwait(false));
    }

    /// <summary>How much is written; files come and go while pg_dump runs.</summary>
    public static (long Bytes, int DataFiles) Sizes(string dump)
    {
        if (!Directory.Exists(dump))
        {
            return (0, 0);
        }

        var files = new DirectoryInfo(dump).EnumerateFiles().ToList();
        return (
            files.Where(f => f.Exists).Sum(f => f.Length),
            files.Count(f => f.Name.Contains(".dat", StringComparison.Ordinal) && char.IsAsciiDigit(f.Name[0]))
        );
    }
}
