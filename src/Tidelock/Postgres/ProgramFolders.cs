using System.Globalization;
using Tidelock.Programs;

namespace Tidelock.Postgres;

/// <summary>Where distributions put PostgreSQL's programs.</summary>
internal static class ProgramFolders
{
    /// <summary>Every folder that may hold PostgreSQL programs, the author's own choice alone when there is one.</summary>
    private static IEnumerable<string> Candidates(IReadOnlyDictionary<string, string> variables)
    {
        if (variables.TryGetValue("TIDELOCK_PG_BIN", out var chosen) && chosen.Length > 0)
        {
            return [chosen];
        }

        var path = variables.GetValueOrDefault("PATH", "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return Versions("/usr/lib/postgresql", "").Concat(Versions("/usr", "pgsql-")).Concat(path);
    }

    /// <summary>Every folder that has all these programs, with the major version that the first one prints.</summary>
    public static async Task<IReadOnlyList<(string Folder, int Major)>> FindAsync(
        IReadOnlyDictionary<string, string> variables,
        string program,
        IReadOnlyList<string> companions,
        CancellationToken cancellation
    )
    {
        var found = new List<(string Folder, int Major)>();
        foreach (var folder in Candidates(variables).Distinct(StringComparer.Ordinal))
        {
            if (
                companions.Append(program).All(name => IsReal(folder, name))
                && await MajorAsync(Path.Combine(folder, program), cancellation).ConfigureAwait(false)
                    is > 0
                        and var major
            )
            {
                found.Add((folder, major));
            }
        }

        return found;
    }

    /// <summary>The server's own major version, or else the next newer one; the newest where there is none, or no server is meant (0).</summary>
    public static (string Folder, int Major)? Closest(
        IReadOnlyList<(string Folder, int Major)> found,
        int serverMajor
    ) =>
        found.Count == 0 ? null
        : serverMajor > 0 && found.Any(f => f.Major >= serverMajor)
            ? found.Where(f => f.Major >= serverMajor).MinBy(f => f.Major)
        : found.MaxBy(f => f.Major);

    /// <summary>The one command that installs a package here.</summary>
    public static string InstallCommand(string debian, string other) =>
        ProgramPaths.Find("apt-get") is not null
            ? $"sudo apt-get install -y --no-install-recommends {debian}"
            : $"sudo dnf install -y {other}";

    private static IEnumerable<string> Versions(string folder, string prefix) =>
        Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder, prefix + "*").Select(version => Path.Combine(version, "bin"))
            : [];

    /// <summary>Debian's /usr/bin/psql is a link to a Perl wrapper, slow and with a mind of its own.</summary>
    private static bool IsReal(string folder, string name) =>
        ProgramPaths.Find(Path.Combine(folder, name)) is { } file
        && File.ResolveLinkTarget(file, returnFinalTarget: true)?.Name is not "pg_wrapper";

    /// <summary>15 from <c>pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)</c>; 0 when it prints something else.</summary>
    private static async Task<int> MajorAsync(string program, CancellationToken cancellation)
    {
        var printed = await new ChildProgram(program, "--version").RunAsync(cancellation).ConfigureAwait(false);
        var version = printed.Output.Split(' ').ElementAtOrDefault(2) ?? "";
        var digits = new string([.. version.TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;
    }
}
