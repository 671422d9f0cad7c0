using System.Text;
using Tidelock.Changes;
using Tidelock.Programs;

namespace Tidelock.Gates.Approvals;

/// <summary>What git knows of a folder's files.</summary>
internal sealed class GitPast(string folder)
{
    /// <summary>So often a file may have been renamed.</summary>
    private const int MostRenames = 20;

    /// <summary>Author, author by the mailmap, co-authors: a line each.</summary>
    private const string People =
        "--format=%an%n%ae%n%aN%n%aE%n%(trailers:key=Co-authored-by,valueonly=true,unfold=true)";

    /// <summary>Whether this is a repository with all of its past.</summary>
    public async Task<bool> IsWholeAsync(CancellationToken cancellation) =>
        await LinesAsync(["rev-parse", "--is-shallow-repository"], cancellation).ConfigureAwait(false) is ["false"];

    /// <summary>Whether the last commit has all of these files as they are here. By content: git's status is silent of what it was told to ignore.</summary>
    public async Task<bool> HasAsync(IReadOnlyList<ChangeFile> files, CancellationToken cancellation)
    {
        var paths = files.Select(f => f.Path).ToList();
        var tree = await RunAsync(["ls-tree", "-z", "HEAD", "--", .. paths], null, cancellation).ConfigureAwait(false);
        var here = await RunAsync(["hash-object", "--", .. paths], null, cancellation).ConfigureAwait(false);
        if (tree is null || here is null)
        {
            return false;
        }

        // MODE blob ID<tab>PATH
        var committed = tree.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Select(e => e.Split('\t', 2))
            .ToDictionary(e => e[1], e => e[0].Split(' ')[^1], StringComparer.Ordinal);
        var ids = Lines(here);
        return ids.Length == paths.Count && paths.Zip(ids).All(p => committed.GetValueOrDefault(p.First) == p.Second);
    }

    /// <summary>Everybody who wrote at what is in the folder, wherever it was before; null where git does not say.</summary>
    public async Task<IReadOnlyList<string>?> PeopleAsync(CancellationToken cancellation)
    {
        if (await RunAsync(["rev-parse", "--show-prefix"], null, cancellation).ConfigureAwait(false) is not { } prefix)
        {
            return null;
        }

        var people = new List<string>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        string[] paths = [prefix.TrimEnd('\n')];
        for (var renames = 0; paths.Length > 0; renames++)
        {
            string[] where = ["--", .. paths.Select(p => p.Length == 0 ? ":(top)" : ":(top,literal)" + p)];
            string[] log = ["log", "--no-show-signature", "--no-follow"];
            if (
                renames > MostRenames
                || await LinesAsync([.. log, People, .. where], cancellation).ConfigureAwait(false) is not { } authors
                || await LinesAsync([.. log, "-m", "--diff-filter=A", "--format=%H", .. where], cancellation)
                    .ConfigureAwait(false)
                    is not { } added
                || await RenamedAsync(added, paths, cancellation).ConfigureAwait(false) is not { } before
            )
            {
                return null;
            }

            people.AddRange(authors);
            paths = [.. before.Where(known.Add)];
        }

        return [.. people.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>What the files under these paths were called before the commits that brought them.</summary>
    private async Task<IReadOnlyList<string>?> RenamedAsync(
        string[] commits,
        string[] paths,
        CancellationToken cancellation
    )
    {
        if (commits.Length == 0)
        {
            return [];
        }

        string[] renames =
        [
            "diff-tree",
            "--stdin",
            "-r",
            "-m",
            "-M",
            "--diff-filter=R",
            "--name-status",
            "-z",
            "--no-commit-id",
        ];
        var told = await RunAsync(renames, string.Join('\n', commits.Distinct()) + "\n", cancellation)
            .ConfigureAwait(false);

        // R100 OLD NEW
        return told
            ?.Split('\0', StringSplitOptions.RemoveEmptyEntries)
            .Chunk(3)
            .Where(r => r.Length == 3 && paths.Any(p => IsUnder(r[2], p)))
            .Select(r => r[1])
            .ToList();
    }

    private static bool IsUnder(string file, string path) =>
        file == path || path.Length == 0 || (path[^1] == '/' && file.StartsWith(path, StringComparison.Ordinal));

    private async Task<string[]?> LinesAsync(string[] arguments, CancellationToken cancellation) =>
        await RunAsync(arguments, null, cancellation).ConfigureAwait(false) is { } output ? Lines(output) : null;

    private static string[] Lines(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>What git says; null where it fails.</summary>
    private async Task<string?> RunAsync(string[] arguments, string? input, CancellationToken cancellation)
    {
        var git = new ChildProgram("git", ["-C", folder, .. arguments])
        {
            Input = input is null ? null : Encoding.UTF8.GetBytes(input),
        };
        var result = await git.RunAsync(cancellation).ConfigureAwait(false);
        return result.Succeeded ? result.Output : null;
    }
}
