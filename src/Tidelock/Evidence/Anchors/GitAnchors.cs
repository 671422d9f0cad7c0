using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Evidence.Anchors;

/// <summary>
/// Anchors in a git repository: a commit with an empty tree for each, the one after the other, under a reference of its own per run, and a tag
/// for each, which a clone brings along. Branches stay as they are, and nothing is pushed: <c>git push REMOTE 'refs/tidelock/*' --tags</c> takes them
/// to where others cannot change them.
/// </summary>
/// <param name="folder">Somewhere in the working copy.</param>
internal sealed class GitAnchors(string folder)
{
    /// <summary>As an old value: there must be none yet.</summary>
    private const string Nothing = "";

    public static string ReferenceOf(string run) => $"refs/tidelock/{NameOf(run)}";

    private static string TagOf(Anchor anchor) =>
        FormattableString.Invariant($"{TagsOf(anchor.Run)}/{anchor.Sequence}");

    private static string TagsOf(string run) => $"refs/tags/tidelock/{NameOf(run)}";

    /// <summary>A name may not be a folder of another's.</summary>
    private static string NameOf(string run) => run.Replace('/', '.');

    /// <exception cref="TidelockException">git is not there, this is no repository, or git does not know who commits.</exception>
    public async Task WriteAsync(Anchor anchor, CancellationToken cancellation)
    {
        var reference = ReferenceOf(anchor.Run);
        var last = await TipAsync(reference, cancellation).ConfigureAwait(false);
        var tree = await RunAsync(["hash-object", "-t", "tree", "-w", "/dev/null"], cancellation).ConfigureAwait(false);
        string[] parent = last is null ? [] : ["-p", last];
        var commit = await RunAsync(["commit-tree", tree, "-m", anchor.ToString(), .. parent], cancellation)
            .ConfigureAwait(false);
        await RunAsync(["update-ref", reference, commit, last ?? Nothing], cancellation).ConfigureAwait(false);
        if (await TipAsync(TagOf(anchor), cancellation).ConfigureAwait(false) is null)
        {
            await RunAsync(["update-ref", TagOf(anchor), commit, Nothing], cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>All that was ever written about a run; empty for nothing.</summary>
    /// <exception cref="TidelockException">git is not there, or this is no repository.</exception>
    public async Task<string> ReadAsync(string run, CancellationToken cancellation)
    {
        var tags = await RunAsync(["for-each-ref", "--format=%(contents)", TagsOf(run)], cancellation)
            .ConfigureAwait(false);
        return await TipAsync(ReferenceOf(run), cancellation).ConfigureAwait(false) is { } tip
            ? await RunAsync(["log", "--format=%B", tip], cancellation).ConfigureAwait(false) + '\n' + tags
            : tags;
    }

    private async Task<string?> TipAsync(string reference, CancellationToken cancellation)
    {
        var tip = await RunAsync(["for-each-ref", "--format=%(objectname)", reference], cancellation)
            .ConfigureAwait(false);
        return tip.Length == 0 ? null : tip;
    }

    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellation)
    {
        var result = await new ChildProgram("git", ["-C", folder, .. arguments])
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return result.Succeeded
            ? result.Output.Trim()
            : throw new TidelockException(
                Message.Of("evidence.anchor.git", ("folder", folder), ("words", result.LastWords)),
                ExitCode.Refused
            );
    }
}
