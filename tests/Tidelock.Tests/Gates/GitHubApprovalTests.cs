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
        bench = await GateBench.CreateAsync(
            $"approval: {{ github: {{ repository: seedtest/deployments, pull: 73, required: 2, folder: changes/scores, api: '{github.Address}', token: '${{GITHUB_TOKEN}}' }} }}",
            ("GITHUB_TOKEN", Token)
        );
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
        Assert.Contains("seedtest/deployments#73 by choi is merged", text, StringComparison.Ordinal);
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
