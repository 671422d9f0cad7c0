using System.Security.Cryptography;
using System.Text;
using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>The files a change names. Each is read once; none may lie outside the change's folder.</summary>
internal sealed class ChangeFiles(string folder)
{
    private const long LargestFile = 16 * 1024 * 1024;

    /// <summary>What stands in place of a file that is no text.</summary>
    private const string Kept = "tidelock: no text, sha256 ";

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly SortedDictionary<string, (ChangeFile File, byte[] Hash)> read = new(StringComparer.Ordinal);
    private readonly string realFolder = RealPath.Of(folder);

    public string Folder => folder;

    /// <summary>In order of their paths.</summary>
    public IEnumerable<ChangeFile> All => read.Values.Select(f => f.File);

    /// <summary>Path and SHA-256 of every file's bytes, in order of the paths.</summary>
    public IEnumerable<(string Path, byte[] Hash)> Hashes => read.Select(f => (f.Key, f.Value.Hash));

    /// <summary>The file, or null with the reason why it cannot be had.</summary>
    public ChangeFile? Read(string name, out Message? problem)
    {
        problem = null;
        var path = Path.GetFullPath(Path.Combine(folder, name));
        var relative = Path.GetRelativePath(folder, path).Replace('\\', '/');
        if (read.TryGetValue(relative, out var known))
        {
            return known.File;
        }

        problem = Refusal(name, path);
        if (problem is not null)
        {
            return null;
        }

        try
        {
            var bytes = File.ReadAllBytes(path);
            var file = new ChangeFile(relative, Text(bytes));
            read[relative] = (file, SHA256.HashData(bytes));
            return file;
        }
        catch (DecoderFallbackException)
        {
            problem = Message.Of("changes.file.encoding", ("file", name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Message.Of("changes.file.unreadable", ("file", name), ("reason", e.Message));
        }

        return null;
    }

    /// <summary>
    /// Makes a file that lies in the change's folder one of the change's, also where it is no text or too large to be kept: then its digest is kept
    /// in place of it, and counts as it did where only that is there. What lies elsewhere, also by a link, is no file of the change.
    /// </summary>
    public void Take(string name)
    {
        var file = Read(name, out var problem);
        if (problem?.Code is "changes.file.encoding" or "changes.file.large")
        {
            using var content = File.OpenRead(Path.Combine(folder, name));
            var hash = SHA256.HashData(content);
            var relative = Path.GetRelativePath(folder, content.Name).Replace('\\', '/');
            read[relative] = (new ChangeFile(relative, KeptDigest(hash)), hash);
        }
        else if (file is not null && file.Text.StartsWith(Kept, StringComparison.Ordinal))
        {
            var hash = KeptHash(file.Text);
            read[file.Path] = hash is null ? read[file.Path] : (file, hash);
        }
    }

    /// <summary>Whether these are the bytes of a file of the change.</summary>
    public static bool IsOf(byte[] bytes, ChangeFile file)
    {
        if (file.Text == KeptDigest(SHA256.HashData(bytes)))
        {
            return true;
        }

        try
        {
            return Text(bytes) == file.Text;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static string KeptDigest(byte[] hash) => $"{Kept}{Convert.ToHexStringLower(hash)}\n";

    private static byte[]? KeptHash(string text)
    {
        var hash = new byte[SHA256.HashSizeInBytes];
        return
            Convert.FromHexString(text.AsSpan(Kept.Length).TrimEnd(), hash, out _, out var found)
                is System.Buffers.OperationStatus.Done
            && found == hash.Length
            ? hash
            : null;
    }

    /// <summary>Reads every file of a folder, at any depth, so that all of them are part of the change; or says why it cannot.</summary>
    /// <remarks>Left out is what programs make by themselves: hidden files, <c>__pycache__</c>, virtualenvs.</remarks>
    public Message? ReadFolder(string name)
    {
        var path = Path.GetFullPath(Path.Combine(folder, name));
        if (Path.IsPathRooted(name) || (path != Path.GetFullPath(folder) && !IsWithin(path, folder)))
        {
            return Message.Of("changes.file.outside", ("file", name));
        }

        if (!Directory.Exists(path))
        {
            return Message.Of("changes.folder.missing", ("file", name), ("folder", folder));
        }

        foreach (var file in Walk(path).Order(StringComparer.Ordinal))
        {
            if (Read(Path.GetRelativePath(folder, file), out var problem) is null)
            {
                return problem;
            }
        }

        return null;
    }

    private static IEnumerable<string> Walk(string path) =>
        Directory
            .GetFiles(path)
            .Where(f => !Path.GetFileName(f).StartsWith('.'))
            .Concat(Directory.GetDirectories(path).Where(IsAuthors).SelectMany(Walk));

    private static bool IsAuthors(string path) =>
        Path.GetFileName(path) is var name
        && !name.StartsWith('.')
        && name != "__pycache__"
        && !File.Exists(Path.Combine(path, "pyvenv.cfg"));

    /// <summary>The text of UTF-8 bytes, without a byte order mark.</summary>
    /// <exception cref="DecoderFallbackException">They are not UTF-8.</exception>
    public static string Text(byte[] bytes) => StrictUtf8.GetString(bytes).TrimStart('\uFEFF');

    private Message? Refusal(string name, string path)
    {
        if (Path.IsPathRooted(name) || !IsWithin(path, folder))
        {
            return Message.Of("changes.file.outside", ("file", name));
        }

        if (Directory.Exists(path))
        {
            return Message.Of("changes.file.folder", ("file", name));
        }

        var info = new FileInfo(path);
        return !info.Exists ? Message.Of("changes.file.missing", ("file", name), ("folder", folder))
            : !IsWithin(RealPath.Of(path), realFolder) ? Message.Of("changes.file.outside", ("file", name))
            : info.Length > LargestFile ? Message.Of("changes.file.large", ("file", name), ("most", "16 MiB"))
            : null;
    }

    private static bool IsWithin(string path, string outer) =>
        path.StartsWith(
            Path.TrimEndingDirectorySeparator(outer) + Path.DirectorySeparatorChar,
            StringComparison.Ordinal
        );
}
