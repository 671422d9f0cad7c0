using System.Text.Json;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>
/// A backup on disk. One that Tidelock took is a folder with <c>dump/</c>, <c>manifest.json</c> and, once it was rehearsed,
/// <c>rehearsal.json</c>; one that somebody else took is the dump itself and has neither.
/// </summary>
/// <param name="Path">What was named: the folder, or the dump.</param>
/// <param name="Dump">What pg_restore reads: a folder or a file.</param>
/// <param name="Manifest">What was written down when it was taken; null for a dump somebody else took.</param>
public sealed record Backup(string Path, string Dump, BackupManifest? Manifest)
{
    internal const string DumpName = "dump";
    internal const string ManifestName = "manifest.json";
    internal const string RehearsalName = "rehearsal.json";

    /// <summary>The backup at a path. Nothing but the manifest is read; whether it is any good is the verifier's question.</summary>
    /// <exception cref="TidelockException"><c>backups.manifest.broken</c>.</exception>
    public static Backup Open(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        var manifest = System.IO.Path.Combine(full, ManifestName);
        return File.Exists(manifest)
            ? new Backup(full, System.IO.Path.Combine(full, DumpName), ReadManifest(manifest))
            : new Backup(full, full, null);
    }

    /// <summary>What pg_restore would read at a path, whether the rest of the backup can be read or not.</summary>
    internal static string DumpAt(string path) =>
        File.Exists(System.IO.Path.Combine(path, ManifestName)) ? System.IO.Path.Combine(path, DumpName) : path;

    internal static Message TooOld(string path, DateTimeOffset at, TimeSpan limit, DateTimeOffset now) =>
        Message.Of("backups.too-old", ("path", path), ("age", now - at), ("limit", limit), ("at", at));

    /// <summary>How it went when this very backup was restored for proof; null when it never was.</summary>
    public RehearsalRecord? Rehearsal()
    {
        var file = System.IO.Path.Combine(Path, RehearsalName);
        if (Manifest is null || !File.Exists(file))
        {
            return null;
        }

        try
        {
            var record = JsonSerializer.Deserialize(File.ReadAllText(file), BackupJson.Default.RehearsalRecord);
            return string.Equals(record?.ManifestDigest, Manifest.Digest(), StringComparison.Ordinal) ? record : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps a rehearsal that passed beside a backup that Tidelock took: whole or not at all.</summary>
    internal async Task KeepAsync(RehearsalRecord record, CancellationToken cancellation)
    {
        if (Manifest is null)
        {
            return;
        }

        var file = System.IO.Path.Combine(Path, RehearsalName);
        await File.WriteAllBytesAsync(
                file + ".new",
                JsonSerializer.SerializeToUtf8Bytes(record, BackupJson.Default.RehearsalRecord),
                cancellation
            )
            .ConfigureAwait(false);
        File.Move(file + ".new", file, overwrite: true);
    }

    private static BackupManifest ReadManifest(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(file), BackupJson.Default.BackupManifest)
                ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new TidelockException(
                Message.Of("backups.manifest.broken", ("file", file), ("reason", e.Message)),
                ExitCode.Refused,
                e
            );
        }
    }
}
