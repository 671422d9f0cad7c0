using System.Text;
using Tidelock.Texts;

namespace Tidelock.Backups.Dumps;

/// <summary>Tells by its first bytes whether something is a dump that pg_restore reads.</summary>
internal static class DumpKind
{
    private const string TableOfContents = "toc.dat";

    /// <summary>Null for a dump in directory or custom format; else what it is instead and what to do.</summary>
    public static Message? Problem(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path) ? OfFile(path) : Message.Of("backups.dump-missing", ("path", path));
        }

        var toc = Path.Combine(path, TableOfContents);
        return !File.Exists(toc) ? Message.Of("backups.toc-missing", ("path", path))
            : IsArchive(Start(toc)) ? null
            : Message.Of("backups.toc-damaged", ("path", path));
    }

    /// <summary>Whether it is a plain SQL script of pg_dump's.</summary>
    public static bool IsPlainText(string path) => File.Exists(path) && IsPlain(Start(path));

    /// <summary>Bytes of a file, or of a folder's files.</summary>
    public static long Size(string path) =>
        Directory.Exists(path) ? DumpFiles.Sizes(path).Bytes
        : File.Exists(path) ? new FileInfo(path).Length
        : 0;

    private static Message? OfFile(string path)
    {
        var start = Start(path);
        return IsArchive(start) ? null
            : IsPlain(start) ? Message.Of(IsWhole(path) ? "backups.plain-text" : "backups.plain-cut", ("path", path))
            : Message.Of("backups.not-a-dump", ("path", path));
    }

    private static bool IsPlain(string start) => start.Contains("PostgreSQL database", StringComparison.Ordinal);

    /// <summary>The last lines of a plain dump, of pg_dumpall's too, say that it is complete.</summary>
    public static bool IsWhole(string path)
    {
        using var content = File.OpenRead(path);
        content.Seek(-Math.Min(content.Length, 1024), SeekOrigin.End);
        using var end = new StreamReader(content, Encoding.Latin1);
        return end.ReadToEnd().Contains("dump complete", StringComparison.Ordinal);
    }

    private static bool IsArchive(string start) => start.StartsWith("PGDMP", StringComparison.Ordinal);

    private static string Start(string file)
    {
        using var content = File.OpenRead(file);
        Span<byte> bytes = stackalloc byte[128];
        return Encoding.Latin1.GetString(bytes[..content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)]);
    }
}
