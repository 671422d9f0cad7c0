using System.Text.Json;

namespace Tidelock.Gates.Approvals;

/// <summary>What somebody said of a pull request's commit, as GitHub's REST API writes it.</summary>
/// <param name="Person">Who.</param>
/// <param name="Association">What they are to the repository.</param>
/// <param name="State">What they said.</param>
/// <param name="Commit">Of which commit; empty where that is gone.</param>
internal sealed record GitHubReview(GitHubPerson Person, string Association, string State, string Commit)
{
    public string By => Person.Login;

    /// <summary>On a public repository everybody may write a review.</summary>
    public bool IsOfTheRepository => Association is "OWNER" or "MEMBER" or "COLLABORATOR";

    public static GitHubReview Of(JsonElement review) =>
        new(
            GitHubPerson.Of(review.GetProperty("user")),
            review.GetProperty("author_association").GetString()!,
            review.GetProperty("state").GetString()!,
            review.GetProperty("commit_id").GetString() ?? ""
        );
}
