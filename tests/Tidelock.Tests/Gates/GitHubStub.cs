using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Tidelock.Tests.Probes;

namespace Tidelock.Tests.Gates;

/// <summary>GitHub's REST API, as far as it is documented for a pull request, its reviews and the contents of a folder at a commit.</summary>
internal sealed class GitHubStub : IAsyncDisposable
{
    private const string Repository = "/repos/seedtest/deployments";
    private const int PerPage = 100;

    private StubServer server = null!;

    public Uri Address => server.Address;

    public string Head { get; set; } = "6dcb09b5b57875f334f61aebed695e2e4193db5e";

    public bool Merged { get; set; } = true;

    /// <summary>The branch it was merged into.</summary>
    public string Base { get; set; } = "main";

    /// <summary>What people who are no collaborators are to the repository.</summary>
    public Dictionary<string, string> Associations { get; } = new(StringComparer.Ordinal);

    /// <summary>Its commits: an account, a name, an address, a message.</summary>
    public List<(string? Login, string Name, string Email, string Message)> Commits { get; } =
    [("choi", "Choi Ara", "choi@example.com", "Add a score")];

    /// <summary>What it answers instead of all it knows; null for nothing else.</summary>
    public Func<HttpContext, Task>? Instead { get; set; }

    /// <summary>Who said what of which commit, oldest first.</summary>
    public List<(string? Login, string State, string Commit)> Reviews { get; } = [];

    /// <summary>Files of the commit by their path in the repository.</summary>
    public Dictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Those of them that were there before the pull request.</summary>
    public HashSet<string> Older { get; } = new(StringComparer.Ordinal);

    /// <summary>What was asked, with the headers that matter.</summary>
    public List<string> Asked { get; } = [];

    public static async Task<GitHubStub> StartAsync()
    {
        var stub = new GitHubStub();
        stub.server = await StubServer.StartAsync(stub.AnswerAsync);
        return stub;
    }

    public void Approve(string login, string? commit = null) => Reviews.Add((login, "APPROVED", commit ?? Head));

    public ValueTask DisposeAsync() => server.DisposeAsync();

    private Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        lock (Asked)
        {
            Asked.Add(
                $"{request.Path}{request.QueryString} {request.Headers.Authorization} {request.Headers.Accept} {request.Headers["X-GitHub-Api-Version"]} {request.Headers.UserAgent}"
            );
        }

        return Instead?.Invoke(context) ?? KnownAsync(context);
    }

    private Task KnownAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        JsonNode? answer =
            path == Repository + "/pulls/73" ? Pull()
            : path == Repository + "/pulls/73/reviews" ? Page(context.Request.Query, Reviews.Select(Review))
            : path == Repository + "/pulls/73/files" ? Page(context.Request.Query, Files.Keys.Select(Changed))
            : path == Repository + "/pulls/73/commits" ? Page(context.Request.Query, Commits.Select(Commit))
            : path.StartsWith(Repository + "/contents/", StringComparison.Ordinal)
            && context.Request.Query["ref"] == Head
                ? Folder(path[(Repository + "/contents/").Length..])
            : null;
        context.Response.StatusCode = answer is null ? 404 : 200;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(
            (answer ?? new JsonObject { ["message"] = "Not Found", ["status"] = "404" }).ToJsonString()
        );
    }

    private JsonObject Pull() =>
        new()
        {
            ["number"] = 73,
            ["state"] = Merged ? "closed" : "open",
            ["merged"] = Merged,
            ["merged_at"] = Merged ? "2026-11-20T01:00:00Z" : null,
            ["merge_commit_sha"] = "e5bd3914e2e596debea16f433f57875b5b90bcd6",
            ["commits"] = Commits.Count,
            ["user"] = Account("choi"),
            ["head"] = new JsonObject { ["ref"] = "attempt", ["sha"] = Head },
            ["base"] = new JsonObject
            {
                ["ref"] = Base,
                ["repo"] = new JsonObject { ["full_name"] = "seedtest/deployments", ["default_branch"] = "main" },
            },
        };

    private static JsonArray Page(IQueryCollection query, IEnumerable<JsonNode> all)
    {
        Assert.Equal("100", query["per_page"]);
        var page = int.Parse(query["page"]!, CultureInfo.InvariantCulture);
        return [.. all.Skip((page - 1) * PerPage).Take(PerPage)];
    }

    private JsonNode Review((string? Login, string State, string Commit) review) =>
        new JsonObject
        {
            ["user"] = Account(review.Login),
            ["author_association"] = Associations.GetValueOrDefault(review.Login ?? "", "COLLABORATOR"),
            ["state"] = review.State,
            ["commit_id"] = review.Commit,
            ["submitted_at"] = "2026-11-19T01:00:00Z",
        };

    private JsonNode Changed(string file) =>
        new JsonObject { ["filename"] = file, ["status"] = Older.Contains(file) ? "modified" : "added" };

    private static JsonNode Commit((string? Login, string Name, string Email, string Message) commit) =>
        new JsonObject
        {
            ["author"] = Account(commit.Login),
            ["committer"] = Account("web-flow"),
            ["commit"] = new JsonObject
            {
                ["author"] = Identity(commit.Name, commit.Email),
                ["committer"] = Identity("GitHub", "noreply@github.com"),
                ["message"] = commit.Message,
            },
        };

    private static JsonObject Identity(string name, string email) =>
        new()
        {
            ["name"] = name,
            ["email"] = email,
            ["date"] = "2026-11-18T01:00:00Z",
        };

    private static JsonObject? Account(string? login) =>
        login is null
            ? null
            : new JsonObject
            {
                ["login"] = login,
                ["type"] = login.EndsWith("[bot]", StringComparison.Ordinal) ? "Bot" : "User",
            };

    private JsonArray? Folder(string path)
    {
        var within = Files.Where(f => Path.GetDirectoryName(f.Key) == path).ToList();
        return within.Count == 0
            ? null
            :
            [
                .. within.Select(f => new JsonObject
                {
                    ["type"] = "file",
                    ["name"] = Path.GetFileName(f.Key),
                    ["path"] = f.Key,
                    ["size"] = f.Value.Length,
                    ["sha"] = BlobOf(f.Value),
                }),
            ];
    }

    private static string BlobOf(byte[] content)
    {
        byte[] head = Encoding.ASCII.GetBytes($"blob {content.Length}\0");
#pragma warning disable CA5350 // It is git's choice.
        return Convert.ToHexStringLower(SHA1.HashData([.. head, .. content]));
#pragma warning restore CA5350
    }
}
