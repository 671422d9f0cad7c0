using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tidelock.Changes;
using Tidelock.Notifications.Http;
using Tidelock.Policies;
using Tidelock.Probes;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// <c>github: { repository: owner/name, pull: 73 }</c>: a pull request that is merged into the branch that counts, whose last commit enough
/// people of the repository approved who pushed nothing to it, and whose files are the files that are deployed.
/// </summary>
/// <param name="Server">GitHub's API, and the token.</param>
/// <param name="Repository"><c>owner/name</c>.</param>
/// <param name="Pull">Its number.</param>
/// <param name="Base">The branch it must be merged into; null for the repository's default one.</param>
/// <param name="Login">The variable that is the token.</param>
/// <param name="Needed">How many people must have approved it.</param>
/// <param name="Folder">The change's folder in the repository; null for what git says here.</param>
internal sealed partial record GitHubApproval(
    HttpAccess Server,
    string Repository,
    int Pull,
    string? Base,
    string Login,
    int Needed,
    string? Folder
) : ApprovalSource
{
    private const string Public = "https://api.github.com";
    private const int PerPage = 100;
    private const int MostPages = 20;

    /// <summary>GitHub lists no more of a pull request.</summary>
    private const int MostCommits = 250;

    public static GitHubApproval? Read(ChangeNode node)
    {
        node.Only("repository", "pull", "base", "required", "folder", "api", "token");
        node["repository"].Require();
        node["pull"].Require();
        var repository = node["repository"].Text();
        if (repository.Length > 0 && !RepositoryForm().IsMatch(repository))
        {
            node["repository"].Mistake(Message.Of("gates.approval.github.repository", ("text", repository)));
        }

        return
            node["api"].Address(Public) is { } api
            && Held(new HttpAccess(api) { Token = node["token"].Secret() }, node["api"]) is { } server
            && node.IsMapping
            ? new GitHubApproval(
                server,
                repository,
                node["pull"].Integer(1, 1, int.MaxValue),
                node["base"].Exists ? node["base"].Text() : null,
                Named(node["token"]),
                node["required"].Integer(1, 1, 20),
                node["folder"].Exists ? node["folder"].Text().Trim('/') : null
            )
            : null;
    }

    internal override int Required => Needed;

    public override Message Asks => Message.Of("gates.approval.asks.server", ("server", Name), ("variables", Login));

    /// <summary>
    /// Who wrote the pull request, or has a commit in it, if every file of the change came with it and is as in its last commit: of one that was there
    /// before, somebody else may have written the most.
    /// </summary>
    internal override async Task<IReadOnlyList<string>> AuthorsAsync(
        Change change,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        try
        {
            using var pull = await GetAsync($"/pulls/{Number}", time, cancellation).ConfigureAwait(false);
            return
                IsListed(pull.RootElement)
                && await CameWithItAsync(change, time, cancellation).ConfigureAwait(false)
                && await OtherFileAsync(HeadOf(pull.RootElement), change, time, cancellation).ConfigureAwait(false)
                    is null
                ? await WritersAsync(pull.RootElement, time, cancellation).ConfigureAwait(false)
                : [];
        }
        catch (Exception e) when (e is TidelockException || IsUnreadable(e))
        {
            return [];
        }
    }

    internal override async Task<SourceFinding> AskAsync(
        GateContext context,
        ApprovalGround ground,
        CancellationToken cancellation
    )
    {
        try
        {
            return await LookAsync(context, ground, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            return Refused("failed", ("problem", e.Problem));
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            return Refused("unreadable", ("reason", e.Message));
        }
    }

    private async Task<SourceFinding> LookAsync(
        GateContext context,
        ApprovalGround ground,
        CancellationToken cancellation
    )
    {
        using var pull = await GetAsync($"/pulls/{Number}", context.Time, cancellation).ConfigureAwait(false);
        var head = HeadOf(pull.RootElement);
        if (!pull.RootElement.GetProperty("merged").GetBoolean())
        {
            return Refused("not-merged");
        }

        var into = pull.RootElement.GetProperty("base");
        var wanted = Base ?? into.GetProperty("repo").GetProperty("default_branch").GetString();
        if (into.GetProperty("ref").GetString() is var branch && branch != wanted)
        {
            return Refused("base", ("branch", branch), ("wanted", wanted));
        }

        if (!IsListed(pull.RootElement))
        {
            return Refused("commits", ("most", MostCommits));
        }

        var reviews = await ReviewsAsync(context.Time, cancellation).ConfigureAwait(false);
        if (reviews.FirstOrDefault(r => r.State == "CHANGES_REQUESTED") is { } objection)
        {
            return Refused("changes-requested", ("by", objection.By));
        }

        // An approval of an earlier commit says nothing of what was pushed since.
        var authors = await WritersAsync(pull.RootElement, context.Time, cancellation).ConfigureAwait(false);
        var approved = reviews.Where(r => r.State == "APPROVED" && r.Commit == head).ToList();
        var people = approved.Where(r => WhyNot(r, authors, ground) is null).Select(r => r.By).ToList();
        if (people.Count < Needed)
        {
            var few = Refused(
                "too-few",
                ("given", people.Count),
                ("required", Needed),
                ("people", people.Count > 0 ? string.Join(", ", people) : "-"),
                ("commit", head[..Math.Min(12, head.Length)])
            );
            var others = approved
                .Where(r => WhyNot(r, authors, ground) is not null)
                .Select(r =>
                    Message.Of("gates.approval.void", ("people", r.By), ("problem", WhyNot(r, authors, ground)))
                );
            return few with { Finding = Several.All([few.Finding, .. others]) };
        }

        return await OtherFileAsync(head, context.Change, context.Time, cancellation).ConfigureAwait(false) is { } other
            ? Refused("other-file", ("file", other), ("commit", head[..Math.Min(12, head.Length)]))
            : new SourceFinding(
                true,
                Message.Of(
                    "gates.approval.github.approved",
                    ("pull", Name),
                    ("people", string.Join(", ", people)),
                    ("author", authors[0]),
                    ("commit", head[..Math.Min(12, head.Length)])
                )
            );
    }

    private static string HeadOf(JsonElement pull) => pull.GetProperty("head").GetProperty("sha").GetString()!;

    /// <summary>Whether GitHub lists all of its commits.</summary>
    private static bool IsListed(JsonElement pull) => pull.GetProperty("commits").GetInt32() <= MostCommits;

    /// <summary>It answered something else than its API describes.</summary>
    private static bool IsUnreadable(Exception e) =>
        e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException;

    private string Number => Pull.ToString(CultureInfo.InvariantCulture);

    private string Name => $"{Server.Address.Host}/{Repository}#{Number}";

    /// <summary>Why a review that says yes does not count; null where it does.</summary>
    private static Message? WhyNot(GitHubReview review, IReadOnlyList<string> authors, ApprovalGround ground) =>
        review.Person.IsBot ? Message.Of("gates.approval.github.bot")
        : !review.IsOfTheRepository ? Message.Of("gates.approval.github.stranger", ("association", review.Association))
        : authors.Any(a => PersonName.IsSame(a, review.By)) ? Message.Of("gates.approval.github.pushed")
        : ground.WhyNot(review.By);

    /// <summary>Each person's last review that says yes or no; remarks and dismissed ones do not.</summary>
    private async Task<IReadOnlyList<GitHubReview>> ReviewsAsync(TimeProvider time, CancellationToken cancellation)
    {
        var all = await AllAsync("reviews", GitHubReview.Of, time, cancellation).ConfigureAwait(false);
        return
        [
            .. all.Where(r => r.State is "APPROVED" or "CHANGES_REQUESTED" or "DISMISSED")
                .GroupBy(r => r.By, StringComparer.OrdinalIgnoreCase)
                .Select(g => g.Last()),
        ];
    }

    /// <summary>Whoever opened it, first, and everybody who has a commit in it, by every name that stands there.</summary>
    private async Task<IReadOnlyList<string>> WritersAsync(
        JsonElement pull,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var commits = await AllAsync("commits", GitHubPerson.NamesOfCommit, time, cancellation).ConfigureAwait(false);
        var pushers = commits.SelectMany(n => n).Distinct(StringComparer.OrdinalIgnoreCase);
        return [GitHubPerson.Of(pull.GetProperty("user")).Login, .. pushers];
    }

    private async Task<IReadOnlyList<T>> AllAsync<T>(
        string what,
        Func<JsonElement, T> read,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var all = new List<T>();
        for (var page = 1; page <= MostPages; page++)
        {
            var query = FormattableString.Invariant($"/pulls/{Number}/{what}?per_page={PerPage}&page={page}");
            using var answer = await GetAsync(query, time, cancellation).ConfigureAwait(false);
            all.AddRange(answer.RootElement.EnumerateArray().Select(read));
            if (answer.RootElement.GetArrayLength() < PerPage)
            {
                return all;
            }
        }

        throw new TidelockException(Message.Of("gates.approval.github.pages", ("pull", Name)), ExitCode.Refused);
    }

    /// <summary>Whether there was none of the change's files before it.</summary>
    private async Task<bool> CameWithItAsync(Change change, TimeProvider time, CancellationToken cancellation)
    {
        var root = Folder ?? await FolderInGitAsync(change, cancellation).ConfigureAwait(false);
        var files = await AllAsync(
                "files",
                f => (Name: f.GetProperty("filename").GetString(), Status: f.GetProperty("status").GetString()),
                time,
                cancellation
            )
            .ConfigureAwait(false);
        var added = files.Where(f => f.Status == "added").Select(f => f.Name).ToHashSet(StringComparer.Ordinal);
        return change.Files.All(f => added.Contains(root.Length > 0 ? $"{root}/{f.Path}" : f.Path));
    }

    /// <summary>The first file of the change that is not in the commit as it is here; null where all are.</summary>
    private async Task<string?> OtherFileAsync(
        string commit,
        Change change,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var root = Folder ?? await FolderInGitAsync(change, cancellation).ConfigureAwait(false);
        var folders = change.Files.GroupBy(f => Path.GetDirectoryName(f.Path) ?? "", StringComparer.Ordinal);
        foreach (var folder in folders)
        {
            var path = string.Join('/', new[] { root, folder.Key }.Where(p => p.Length > 0));
            var address = $"/contents/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}?ref={commit}";
            using var answer = await GetAsync(address, time, cancellation).ConfigureAwait(false);
            var known = answer
                .RootElement.EnumerateArray()
                .ToDictionary(
                    e => e.GetProperty("name").GetString()!,
                    e => e.GetProperty("sha").GetString()!,
                    StringComparer.Ordinal
                );
            foreach (var file in folder)
            {
                var bytes = await File.ReadAllBytesAsync(Path.Combine(change.Folder, file.Path), cancellation)
                    .ConfigureAwait(false);
                if (
                    !ChangeFiles.IsOf(bytes, file)
                    || known.GetValueOrDefault(Path.GetFileName(file.Path)) != BlobId(bytes)
                )
                {
                    return file.Path;
                }
            }
        }

        return null;
    }

    /// <summary>Git names a file's content by SHA-1; nothing else than git's own name is compared with it.</summary>
    private static string BlobId(byte[] content)
    {
        var head = Encoding.ASCII.GetBytes(FormattableString.Invariant($"blob {content.Length}\0"));
#pragma warning disable CA5350 // It is git's choice.
        return Convert.ToHexStringLower(SHA1.HashData([.. head, .. content]));
#pragma warning restore CA5350
    }

    private static async Task<string> FolderInGitAsync(Change change, CancellationToken cancellation)
    {
        var prefix = await new ChildProgram("git", "-C", change.Folder, "rev-parse", "--show-prefix")
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return prefix.Succeeded
            ? prefix.Output.Trim().Trim('/')
            : throw new TidelockException(Message.Of("gates.approval.github.folder"), ExitCode.Refused);
    }

    private async Task<JsonDocument> GetAsync(string path, TimeProvider time, CancellationToken cancellation)
    {
        var api = new ApiHttp(Server, time);
        using var request = Request(api.At($"/repos/{Repository}{path}"));
        var reply = await api.AskAsync(request, cancellation).ConfigureAwait(false);
        return reply.Problem is { } problem
            ? throw new TidelockException(problem, ExitCode.Refused)
            : JsonDocument.Parse(reply.Body);
    }

    private static HttpRequestMessage Request(Uri address)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Accept.ParseAdd("application/vnd.github+json");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("tidelock", null));
        request.Headers.Add("X-GitHub-Api-Version", "2022-11-28");
        return request;
    }

    private SourceFinding Refused(string why, params ReadOnlySpan<(string, object?)> details) =>
        new(false, Message.Of($"gates.approval.github.{why}", [("pull", Name), .. details]));

    [GeneratedRegex(@"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RepositoryForm();
}
