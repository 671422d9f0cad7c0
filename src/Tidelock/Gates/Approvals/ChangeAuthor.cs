using Tidelock.Changes;

namespace Tidelock.Gates.Approvals;

/// <summary>Who wrote a change: whom it names itself, and everybody of whom git has a commit that touched its files, whatever they were called then.</summary>
/// <param name="Names">All of them by every name that is known; empty where nobody knows.</param>
/// <param name="IsOnlyNamed">Whether the change lies in no repository, so that there is nothing but what it says of itself.</param>
internal sealed record ChangeAuthor(IReadOnlyList<string> Names, bool IsOnlyNamed)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Whether somebody else than the change itself says who that is.</summary>
    public bool IsKnown => Names.Count > 0 && !IsOnlyNamed;

    /// <summary>Whom the change names itself, if anybody.</summary>
    public static IReadOnlyList<string> NamedIn(Change change) => change.Author.Length > 0 ? [change.Author] : [];

    /// <summary>Edits that are not committed and a clone without its past have no author that is known, whatever the change says.</summary>
    public static async Task<ChangeAuthor> ReadAsync(Change change, CancellationToken cancellation)
    {
        var named = NamedIn(change);
        if (!IsInRepository(change.Folder))
        {
            return new ChangeAuthor(named, named.Count > 0);
        }

        using var deadline = new CancellationTokenSource(Limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            var past = new GitPast(change.Folder);
            var people =
                await past.IsWholeAsync(either.Token).ConfigureAwait(false)
                && await past.HasAsync(change.Files, either.Token).ConfigureAwait(false)
                    ? await past.PeopleAsync(either.Token).ConfigureAwait(false)
                    : null;
            return new ChangeAuthor(people is null ? [] : [.. named, .. people], IsOnlyNamed: false);
        }
        catch (TidelockException)
        {
            // Without git nobody can tell who wrote what it keeps.
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // It has more to look at than anybody waits for.
        }

        return new ChangeAuthor([], IsOnlyNamed: false);
    }

    /// <summary>Told by the file system, since git also fails where it does not trust a folder's owner.</summary>
    private static bool IsInRepository(string folder)
    {
        for (var at = new DirectoryInfo(RealPath.Of(folder)); at is not null; at = at.Parent)
        {
            if (Path.Exists(Path.Combine(at.FullName, ".git")))
            {
                return true;
            }
        }

        return false;
    }
}
