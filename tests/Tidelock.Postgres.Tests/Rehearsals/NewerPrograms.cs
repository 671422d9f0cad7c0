using Tidelock.Postgres.Tests.Servers;
using Tidelock.Tests.Programs;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>
/// A folder with the real server programs of a newer version, and with this machine's real client programs, which say there that they are of
/// that version as well: the other versions come without client programs.
/// </summary>
internal sealed class NewerPrograms : IDisposable
{
    private const string Own = "/usr/lib/postgresql/15/bin";

    private const UnixFileMode Everybody =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-newer-").FullName;

    public NewerPrograms(int major)
    {
        File.SetUnixFileMode(folder, Everybody);
        foreach (var name in (string[])["postgres", "initdb", "pg_ctl"])
        {
            File.CreateSymbolicLink(
                Path.Combine(folder, name),
                Path.Combine(MajorFolders.Root, $"{major}", "bin", name)
            );
        }

        foreach (var name in (string[])["psql", "pg_dump", "pg_restore"])
        {
            var file = Path.Combine(folder, name);
            Script.Write(
                file,
                $"#!/bin/sh\n[ \"$1\" != --version ] || exec echo '{name} (PostgreSQL) {major}.0'\nexec {Own}/{name} \"$@\"\n"
            );
        }
    }

    public IReadOnlyDictionary<string, string> Variables =>
        new Dictionary<string, string>(StringComparer.Ordinal) { ["TIDELOCK_PG_BIN"] = folder };

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
