namespace Tidelock.Programs;

/// <summary>Where a program is, as a shell would find it.</summary>
public static class ProgramPaths
{
    /// <summary>The executable file a path or name leads to; null when there is none.</summary>
    /// <param name="program">A path, or a name to look up in <paramref name="path"/>.</param>
    /// <param name="path">Folders separated by colons; null for this process's PATH.</param>
    public static string? Find(string program, string? path = null) =>
        program.Contains('/', StringComparison.Ordinal)
            ? OrNull(Path.GetFullPath(program))
            : (path ?? Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => OrNull(Path.Combine(folder, program)))
                .FirstOrDefault(found => found is not null);

    private static string? OrNull(string file) => IsExecutable(file) ? file : null;

    private static bool IsExecutable(string file)
    {
        const UnixFileMode any = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(file) && (File.GetUnixFileMode(file) & any) != 0;
    }
}
