using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tidelock.Gates.Approvals;

/// <summary>Somebody on GitHub.</summary>
/// <param name="Login">The name there.</param>
/// <param name="IsBot">Whether it is a program.</param>
internal sealed partial record GitHubPerson(string Login, bool IsBot)
{
    /// <summary>Who has left has no name any more.</summary>
    public static GitHubPerson Of(JsonElement user) =>
        user.ValueKind == JsonValueKind.Object
            ? new(user.GetProperty("login").GetString()!, user.GetProperty("type").GetString() == "Bot")
            : new("ghost", IsBot: false);

    /// <summary>Who wrote and who committed a commit, by login, name and address, and with whom.</summary>
    public static IReadOnlyList<string> NamesOfCommit(JsonElement commit)
    {
        var git = commit.GetProperty("commit");
        return
        [
            .. new[] { "author", "committer" }.SelectMany(role =>
                Names(commit.GetProperty(role), git.GetProperty(role))
            ),
            .. CoAuthor()
                .Matches(git.GetProperty("message").GetString() ?? "")
                .Select(m => m.Groups["who"].Value.Trim()),
        ];
    }

    /// <summary>A commit by an address that GitHub does not know has no login.</summary>
    private static IEnumerable<string> Names(JsonElement account, JsonElement written)
    {
        if (account.ValueKind == JsonValueKind.Object && account.TryGetProperty("login", out var login))
        {
            yield return login.GetString()!;
        }

        foreach (var key in written.ValueKind == JsonValueKind.Object ? new[] { "name", "email" } : [])
        {
            if (written.TryGetProperty(key, out var name) && name.GetString() is { Length: > 0 } text)
            {
                yield return text;
            }
        }
    }

    [GeneratedRegex(
        @"^co-authored-by:(?<who>.+)$",
        RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex CoAuthor();
}
