using Microsoft.AspNetCore.Http;
using Tidelock.Gates;

namespace Tidelock.Tests.Gates;

public sealed class GitHubApprovalTests : IAsyncLifetime
{
    private const string Token = "ghp_canary_2718281828";

    private GitHubStub github = null!;
    private GateBench bench = null!;

    public async ValueTask InitializeAsync()
    {
        github = await GitHubStub.StartAsync();
        bench = await GateBench.CreateAsync(Gates(), ("GITHUB_TOKEN", Token));
        Commit();
    }

    [Fact]
    public async Task A_merged_pull_request_that_others_approved_with_these_very_files_is_an_approval()
    {
        github.Approve("kim");
        github.Approve("choi");
        github.Approve("lee");
        github.Reviews.Add(("kim", "COMMENTED", github.Head));
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Passed, standing.Finding.ToString());
        var text = standing.Finding.ToString();
        Assert.Contains("127.0.0.1/seedtest/deployments#73 by choi is merged", text, StringComparison.Ordinal);
        Assert.Contains("approved by kim, lee", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, text, StringComparison.Ordinal);
        Assert.All(
            github.Asked,
            a =>
                Assert.EndsWith(
                    $" Bearer {Token} application/vnd.github+json 2022-11-28 tidelock",
                    a,
                    StringComparison.Ordinal
                )
        );
    }

    [Fact]
    public async Task One_that_is_open_or_objected_to_or_approved_by_too_few_is_none()
    {
        github.Approve("kim");
        github.Approve("choi");
        Assert.Contains("1 of 2 (kim)", await RefusalAsync(), StringComparison.Ordinal);
        github.Reviews.Add(("lee", "CHANGES_REQUESTED", github.Head));
        Assert.Contains("lee asked for changes", await RefusalAsync(), StringComparison.Ordinal);
        github.Reviews.Add(("lee", "DISMISSED", github.Head));
        Assert.Contains("1 of 2", await RefusalAsync(), StringComparison.Ordinal);
        github.Approve("lee");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
        github.Merged = false;
        Assert.Contains("is not merged", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Strangers_programs_and_whoever_has_a_commit_in_it_approve_nothing()
    {
        github.Approve("kim");
        github.Approve("eve");
        github.Associations["eve"] = "CONTRIBUTOR";
        Assert.Contains("eve: is to the repository CONTRIBUTOR", await RefusalAsync(), StringComparison.Ordinal);
        github.Approve("reviewer[bot]");
        Assert.Contains("reviewer[bot]: a program", await RefusalAsync(), StringComparison.Ordinal);
        github.Approve("lee");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));

        github.Commits.Add((null, "Lee Jun", "1234+lee@users.noreply.github.com", "Fix a comma"));
        Assert.Contains("lee: whoever wrote the pull request", await RefusalAsync(), StringComparison.Ordinal);
        github.Commits[^1] = (
            "choi",
            "Choi Ara",
            "choi@example.com",
            "Fix it\n\nCo-authored-by: Kim <kim@example.com>"
        );
        Assert.Contains("kim: whoever wrote the pull request", await RefusalAsync(), StringComparison.Ordinal);
        github.Commits.AddRange(Enumerable.Repeat(("choi", "Choi Ara", "choi@example.com", "More"), 250)!);
        Assert.Contains("more than 250 commits", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_two_must_approve_the_change_s_author_and_whoever_runs_it_do_not_count()
    {
        github.Approve("kim");
        github.Approve("lee");
        bench.By = "Lee Jun <lee@example.com>";
        Assert.Contains("lee: whoever runs the change", await RefusalAsync(), StringComparison.Ordinal);
        bench.By = "choi";
        Assert.Contains("choi wrote the change", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_wrote_the_pull_request_wrote_the_change_where_nobody_here_knows_it()
    {
        bench.Read(Gates(), "title: nobody says who wrote it");
        Commit();
        github.Approve("kim");
        github.Approve("lee");
        github.Commits.Add(("seo", "Seo Jin", "seo@example.com", "Fix a comma"));
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
        foreach (var writer in (string[])["choi", "Seo Jin <seo@example.com>"])
        {
            bench.By = writer;
            Assert.Contains("wrote the change", await RefusalAsync(), StringComparison.Ordinal);
        }

        // Of a file that was there before it, or is another, somebody else may have written the most.
        bench.By = "park";
        github.Older.Add("changes/scores/new.sql");
        Assert.Contains("who wrote the change is not known", await RefusalAsync(), StringComparison.Ordinal);
        github.Older.Clear();
        github.Files["changes/scores/new.sql"] = "select 2 as id"u8.ToArray();
        Assert.Contains("who wrote the change is not known", await RefusalAsync(), StringComparison.Ordinal);
        Commit();
        github.Merged = false;
        Assert.DoesNotContain("who wrote the change is not known", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_branch_that_counts_takes_it()
    {
        github.Approve("kim");
        github.Approve("lee");
        github.Base = "choi/mine";
        Assert.Contains("merged into choi/mine, and only main counts", await RefusalAsync(), StringComparison.Ordinal);
        bench.Read(Gates(", base: choi/mine"));
        Commit();
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    [Theory]
    [InlineData("github: { repository: '${REPO}', pull: 73 }", "gates.approval.github.repository")]
    [InlineData("github: { repository: a/b, pull: 73, api: '${API}' }", "gates.approval.written-out")]
    [InlineData("http: 'https://${HOST}/tickets'", "gates.approval.written-out")]
    [InlineData("http: { address: 'https://${HOST}/tickets' }", "gates.approval.written-out")]
    [InlineData("http: { address: 'http://itsm.example/', token: '${ITSM}' }", "gates.approval.open-secret")]
    [InlineData("http: { address: 'http://127.0.0.1:1/', token: '${ITSM}' }", null)]
    [InlineData("http: 'http://itsm.example/'", null)]
    [InlineData("command: { run: [sh, ticket.sh], environment: [NO_SUCH] }", "changes.variable.missing")]
    public async Task Whose_approval_counts_is_written_out_and_gets_no_secret_in_the_open(
        string source,
        string? mistake
    )
    {
        var file = bench.PathOf("change.yaml");
        var text = await File.ReadAllTextAsync(file);
        var from = text.IndexOf("github:", StringComparison.Ordinal);
        var to = text.IndexOf(" } }", from, StringComparison.Ordinal) + " }".Length;
        await File.WriteAllTextAsync(file, text[..from] + source + text[to..]);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["REPO"] = "me/copy",
            ["API"] = "https://api.example",
            ["HOST"] = "itsm.example",
            ["ITSM"] = "itsm_canary_16180339",
        };
        var reading = TidelockServices.ChangeLoader.Load(bench.Folder, "production", variables);
        Assert.Equal(mistake is null ? [] : [mistake], reading.Mistakes.Select(m => m.Problem.Code));
    }

    [Fact]
    public async Task What_was_pushed_after_an_approval_is_not_approved_by_it()
    {
        github.Approve("kim", "0000000000000000000000000000000000000000");
        github.Approve("lee");
        Assert.Contains("1 of 2 (lee)", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_other_than_in_the_commit_is_named()
    {
        github.Approve("kim");
        github.Approve("lee");
        github.Files["changes/scores/new.sql"] = "select 2 as id"u8.ToArray();
        Assert.Contains("new.sql is other than in the approved commit", await RefusalAsync(), StringComparison.Ordinal);
        github.Files.Remove("changes/scores/new.sql");
        Assert.Contains("new.sql is other", await RefusalAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reviews_on_a_later_page_count_too_and_so_do_those_of_people_who_left()
    {
        github.Reviews.AddRange(Enumerable.Repeat<(string?, string, string)>((null, "COMMENTED", github.Head), 150));
        github.Approve("kim");
        github.Approve("lee");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
        Assert.Contains(github.Asked, a => a.Contains("page=2", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(401, """{"message":"Bad credentials"}""", "401")]
    [InlineData(404, """{"message":"Not Found"}""", "404")]
    [InlineData(429, "slow down", "429")]
    [InlineData(500, "<html>Unicorn!</html>", "500")]
    [InlineData(200, "<html>a proxy</html>", "not what its API describes")]
    [InlineData(200, """{"number":73}""", "not what its API describes")]
    [InlineData(200, "[]", "not what its API describes")]
    public async Task Whatever_else_it_answers_is_not_an_approval(int status, string body, string said)
    {
        github.Instead = context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(body);
        };
        Assert.Contains(said, await RefusalAsync(), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await bench.DisposeAsync();
        await github.DisposeAsync();
    }

    private string Gates(string more = "") =>
        $"approval: {{ github: {{ repository: seedtest/deployments, pull: 73, required: 2, folder: changes/scores, api: '{github.Address}', token: '${{GITHUB_TOKEN}}'{more} }} }}";

    private void Commit()
    {
        foreach (var name in (string[])["change.yaml", "new.sql"])
        {
            github.Files[$"changes/scores/{name}"] = File.ReadAllBytes(Path.Combine(bench.Folder, name));
        }
    }

    private async Task<string> RefusalAsync()
    {
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Refuses);
        Assert.DoesNotContain(Token, standing.Finding.ToString(), StringComparison.Ordinal);
        return standing.Finding.ToString();
    }
}
