using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tidelock.Changes;
using Tidelock.Notifications;
using Tidelock.Policies;
using Tidelock.Probes;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// <c>github: { repository: owner/name, pull: 73 }</c>: a pull request that is merged, whose last commit enough people other than its author
/// approved, and whose files are the files that are deployed.
/// </summary>
/// <param name="Server">GitHub's API, and the token.</param>
/// <param name="Repository"><c>owner/name</c>.</param>
/// <param name="Pull">Its number.</param>
/// <param name="Required">How many people must have approved it.</param>
/// <param name="Folder">The change's folder in the repository; null for what git says here.</param>
internal sealed partial record GitHubApproval(
    HttpAccess Server,
    string Repository,
    int Pull,
    int Required,
    string? Folder
) : ApprovalSource
{
    private const string Public = "https://api.github.com";
    private const int PerPage = 100;
    private const int MostPages = 20;

    public static GitHubApproval? Read(ChangeNode node)
    {
        node.Only("repository", "pull", "required", "folder", "api", "token");
        node["repository"].Require();
        node["pull"].Require();
        var repository = node["repository"].ExpandedText();
        if (
            repository.Length > 0
            && !RepositoryForm().IsMatch(repository)
            && !repository.Contains("${", StringComparison.Ordinal)
        )
        {
            node["repository"].Mistake(Message.Of("gates.approval.github.repository", ("text", repository)));
        }

        return node["api"].Address(Public) is { } api && node.IsMapping
            ? new GitHubApproval(
                new HttpAccess(api) { Token = node["token"].Secret() },
                repository,
                node["pull"].Integer(1, 1, int.MaxValue),
                node["required"].Integer(1, 1, 20),
                node["folder"].Exists ? node["folder"].Text().Trim('/') : null
            )
            : null;
    }

    internal override async Task<SourceFinding> AskAsync(GateContext context, CancellationToken cancellation)
    {
        try
        {
            return await LookAsync(context, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            return Refused("failed", ("problem", e.Problem));
        }
        catch (Exception e)
            when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return Refused("unreadable", ("reason", e.Message));
        }
    }

    private async Task<SourceFinding> LookAsync(GateContext context, CancellationToken cancellation)
    {
        using var pull = await GetAsync($"/pulls/{Number}", context, cancellation).ConfigureAwait(false);
        var author = pull.RootElement.GetProperty("user").GetProperty("login").GetString()!;
        var head = pull.RootElement.GetProperty("head").GetProperty("sha").GetString()!;
        if (!pull.RootElement.GetProperty("merged").GetBoolean())
        {
            return Refused("not-merged");
        }

        var reviews = await ReviewsAsync(context, cancellation).ConfigureAwait(false);
        if (reviews.FirstOrDefault(r => r.State == "CHANGES_REQUESTED") is { } objection)
        {
            return Refused("changes-requested", ("by", objection.By));
        }

        // An approval of an earlier commit says nothing of what was pushed since.
        var people = reviews
            .Where(r => r.State == "APPROVED" && r.Commit == head && !PersonName.IsSame(r.By, author))
            .Select(r => r.By)
            .ToList();
        if (people.Count < Required)
        {
            return Refused(
                "too-few",
                ("given", people.Count),
                ("required", Required),
                ("people", people.Count > 0 ? string.Join(", ", people) : "-"),
                ("author", author),
                ("commit", head[..Math.Min(12, head.Length)])
            );
        }

        return await OtherFileAsync(head, context, cancellation).ConfigureAwait(false) is { } other
            ? Refused("other-file", ("file", other), ("commit", head[..Math.Min(12, head.Length)]))
            : new SourceFinding(
                true,
                Message.Of(
                    "gates.approval.github.approved",
                    ("pull", Name),
                    ("people", string.Join(", ", people)),
                    ("author", author),
                    ("commit", head[..Math.Min(12, head.Length)])
                )
            );
    }

    private string Number => Pull.ToString(CultureInfo.InvariantCulture);

    private string Name => $"{Repository}#{Number}";

    /// <summary>Each person's last review that says yes or no; remarks and dismissed ones do not.</summary>
    private async Task<IReadOnlyList<Review>> ReviewsAsync(GateContext context, CancellationToken cancellation)
    {
        var all = new List<Review>();
        for (var page = 1; page <= MostPages; page++)
        {
            var query = FormattableString.Invariant($"/pulls/{Number}/reviews?per_page={PerPage}&page={page}");
            using var answer = await GetAsync(query, context, cancellation).ConfigureAwait(false);
            all.AddRange(answer.RootElement.EnumerateArray().Select(Review.Of));
            if (answer.RootElement.GetArrayLength() < PerPage)
            {
                return
                [
                    .. all.Where(r => r.State is "APPROVED" or "CHANGES_REQUESTED" or "DISMISSED")
                        .GroupBy(r => r.By, StringComparer.OrdinalIgnoreCase)
                        .Select(g => g.Last()),
                ];
            }
        }

        throw new TidelockException(Message.Of("gates.approval.github.pages", ("pull", Name)), ExitCode.Refused);
    }

    /// <summary>The first file of the change that is not in the commit as it is here; null where all are.</summary>
    private async Task<string?> OtherFileAsync(string commit, GateContext context, CancellationToken cancellation)
    {
        var root = Folder ?? await FolderInGitAsync(context.Change, cancellation).ConfigureAwait(false);
        var folders = context.Change.Files.GroupBy(f => Path.GetDirectoryName(f.Path) ?? "", StringComparer.Ordinal);
        foreach (var folder in folders)
        {
            var path = string.Join('/', new[] { root, folder.Key }.Where(p => p.Length > 0));
            var address = $"/contents/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}?ref={commit}";
            using var answer = await GetAsync(address, context, cancellation).ConfigureAwait(false);
            var known = answer
                .RootElement.EnumerateArray()
                .ToDictionary(
                    e => e.GetProperty("name").GetString()!,
                    e => e.GetProperty("sha").GetString()!,
                    StringComparer.Ordinal
                );
            foreach (var file in folder)
            {
                var bytes = await File.ReadAllBytesAsync(Path.Combine(context.Change.Folder, file.Path), cancellation)
                    .ConfigureAwait(false);
                if (
                    ChangeFiles.Text(bytes) != file.Text
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

    private async Task<JsonDocument> GetAsync(string path, GateContext context, CancellationToken cancellation)
    {
        var api = new ApiHttp(Server, context.Time);
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

    private sealed record Review(string By, string State, string Commit)
    {
        /// <summary>Who has left GitHub has no name any more, and a commit that is gone none either.</summary>
        public static Review Of(JsonElement review) =>
            new(
                review.GetProperty("user") is { ValueKind: JsonValueKind.Object } user
                    ? user.GetProperty("login").GetString()!
                    : "ghost",
                review.GetProperty("state").GetString()!,
                review.GetProperty("commit_id").GetString() ?? ""
            );
    }
}
