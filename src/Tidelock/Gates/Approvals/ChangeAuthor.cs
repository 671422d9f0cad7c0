using Tidelock.Changes;
using Tidelock.Programs;

namespace Tidelock.Gates.Approvals;

/// <summary>Who wrote a change: whom it names itself, and everybody of whom git has a commit that touched its folder.</summary>
internal static class ChangeAuthor
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>All of them by every name that is known; empty where nobody knows, as of edits that are not committed and of a clone without its past.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(Change change, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        string[] named = change.Author.Length > 0 ? [change.Author] : [];
        try
        {
            if (
                await GitAsync(change, ["rev-parse", "--is-shallow-repository"], either.Token).ConfigureAwait(false)
                is not { } shallow
            )
            {
                return named;
            }

            var files = change.Files.Select(f => f.Path);
            var edited = await GitAsync(change, ["status", "--porcelain", "--", .. files], either.Token)
                .ConfigureAwait(false);
            var log = await GitAsync(
                    change,
                    ["log", "--format=%an%n%ae%n%(trailers:key=Co-authored-by,valueonly)", "--", "."],
                    either.Token
                )
                .ConfigureAwait(false);
            return shallow is ["false"] && edited is [] && log is not null
                ? [.. named, .. log.Distinct(StringComparer.OrdinalIgnoreCase)]
                : [];
        }
        catch (TidelockException)
        {
            return named;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return [];
        }
    }

    /// <summary>The lines git says; null where it fails, as outside of a repository.</summary>
    private static async Task<string[]?> GitAsync(Change change, string[] arguments, CancellationToken cancellation)
    {
        var git = new ChildProgram("git", ["-C", change.Folder, .. arguments]);
        var result = await git.RunAsync(cancellation).ConfigureAwait(false);
        return result.Succeeded
            ? result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            : null;
    }
}
