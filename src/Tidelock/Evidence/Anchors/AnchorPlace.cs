using Tidelock.Texts;

namespace Tidelock.Evidence.Anchors;

/// <summary>Where anchors of a run are kept: a file they are added to, the git repository of the current folder, or words that somebody copied.</summary>
public static class AnchorPlace
{
    public const string Git = "git";

    /// <summary>Adds one to the repository around a folder.</summary>
    /// <exception cref="TidelockException">git would not.</exception>
    public static Task KeepInGitAsync(Anchor anchor, string folder, CancellationToken cancellation) =>
        new GitAnchors(folder).WriteAsync(anchor, cancellation);

    /// <summary>Adds one to the end of a file.</summary>
    /// <exception cref="TidelockException">It cannot be written.</exception>
    public static async Task KeepInFileAsync(
        Anchor anchor,
        string path,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        try
        {
            await File.AppendAllTextAsync(path, $"{anchor} {now:yyyy-MM-dd'T'HH:mm:ss'Z'}\n", cancellation)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TidelockException(
                Message.Of("evidence.anchor.unwritten", ("file", path), ("reason", e.Message)),
                ExitCode.Mistake,
                e
            );
        }
    }

    /// <summary>The anchors of a run that stand in a place.</summary>
    /// <param name="place"><c>git</c>, a file, or the words themselves.</param>
    /// <exception cref="TidelockException">It cannot be read, or none of this run stands there.</exception>
    public static async Task<IReadOnlyList<Anchor>> FindAsync(string place, string run, CancellationToken cancellation)
    {
        return await LookAsync(place, run, cancellation).ConfigureAwait(false) is [_, ..] found
            ? found
            : throw new TidelockException(
                Message.Of("evidence.anchor.none", ("place", place), ("run", run)),
                ExitCode.Refused
            );
    }

    /// <summary>The anchors of any chain that stand in a place; empty for none.</summary>
    /// <exception cref="TidelockException">It cannot be read.</exception>
    public static async Task<IReadOnlyList<Anchor>> LookAsync(
        string place,
        string stream,
        CancellationToken cancellation
    ) => Anchor.In(await TextAsync(place, stream, cancellation).ConfigureAwait(false), stream);

    private static async Task<string> TextAsync(string place, string run, CancellationToken cancellation)
    {
        if (place is Git)
        {
            return await new GitAnchors(".").ReadAsync(run, cancellation).ConfigureAwait(false);
        }

        try
        {
            return File.Exists(place) ? await File.ReadAllTextAsync(place, cancellation).ConfigureAwait(false) : place;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TidelockException(
                Message.Of("evidence.anchor.unreadable", ("file", place), ("reason", e.Message)),
                ExitCode.Mistake,
                e
            );
        }
    }
}
