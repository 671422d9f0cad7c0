using Tidelock.Changes;
using Tidelock.Programs;

namespace Tidelock.Gates.Approvals;

/// <summary>Who wrote a change: as it says itself, else as git says of the last commit that touched its folder.</summary>
internal static class ChangeAuthor
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>One person, by every name that is known; empty where nobody knows.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(Change change, CancellationToken cancellation)
    {
        if (change.Author.Length > 0)
        {
            return [change.Author];
        }

        using var deadline = new CancellationTokenSource(Limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            var log = new ChildProgram("git", "-C", change.Folder, "log", "-1", "--format=%an%n%ae", "--", ".");
            var result = await log.RunAsync(either.Token).ConfigureAwait(false);
            return result.Succeeded
                ? result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                : [];
        }
        catch (Exception e)
            when (e is TidelockException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return [];
        }
    }
}
