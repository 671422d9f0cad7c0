namespace Tidelock.Programs;

/// <summary>Whether a file is as git has it, also where git was told to ignore it or not to look.</summary>
internal static class CommittedFile
{
    /// <summary>Those of the files that are other than in the last commit, or in none; nothing outside of a repository.</summary>
    public static async Task<IReadOnlyList<string>> OthersAsync(
        IEnumerable<string> files,
        CancellationToken cancellation
    )
    {
        var others = new List<string>();
        foreach (var file in files)
        {
            var real = new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file;
            var (folder, name) = (Path.GetDirectoryName(real)!, Path.GetFileName(real));
            try
            {
                if (await GitAsync(folder, ["rev-parse", "--git-dir"], cancellation).ConfigureAwait(false) is null)
                {
                    continue;
                }

                var committed = await GitAsync(folder, ["rev-parse", $"HEAD:./{name}"], cancellation)
                    .ConfigureAwait(false);
                var now = await GitAsync(folder, ["hash-object", "--", name], cancellation).ConfigureAwait(false);
                if (committed is null || committed != now)
                {
                    others.Add(Path.GetRelativePath(Directory.GetCurrentDirectory(), file));
                }
            }
            catch (TidelockException)
            {
                // There is no git on this machine.
                break;
            }
        }

        return others;
    }

    private static async Task<string?> GitAsync(
        string folder,
        IReadOnlyList<string> arguments,
        CancellationToken cancellation
    )
    {
        var result = await new ChildProgram("git", ["-C", folder, .. arguments])
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return result.Succeeded ? result.Output.Trim() : null;
    }
}
