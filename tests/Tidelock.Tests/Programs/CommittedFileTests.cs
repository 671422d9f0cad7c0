using Tidelock.Programs;

namespace Tidelock.Tests.Programs;

public sealed class CommittedFileTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("tidelock-committed-").FullName;

    [Fact]
    public async Task A_file_that_is_edited_or_in_no_commit_is_told_also_where_git_was_told_not_to_look()
    {
        var file = Path.Combine(root, "tidelock.yaml");
        await File.WriteAllTextAsync(file, "environments: {}\n");
        Assert.Empty(await OthersAsync(file));

        await GitAsync("init", "-q");
        Assert.Single(await OthersAsync(file));
        await GitAsync("add", ".");
        Assert.Single(await OthersAsync(file));
        await GitAsync("-c", "user.name=kim", "-c", "user.email=kim@example.com", "commit", "-qm", "policy");
        Assert.Empty(await OthersAsync(file));
        var link = Path.Combine(root, "link.yaml");
        File.CreateSymbolicLink(link, "tidelock.yaml");
        Assert.Empty(await OthersAsync(link));

        await GitAsync("update-index", "--assume-unchanged", "tidelock.yaml");
        await File.WriteAllTextAsync(file, "environments: { others: {} }\n");
        Assert.EndsWith("tidelock.yaml", Assert.Single(await OthersAsync(file)), StringComparison.Ordinal);

        var ignored = Path.Combine(root, "signers");
        await File.WriteAllTextAsync(ignored, "kim\n");
        await File.WriteAllTextAsync(Path.Combine(root, ".gitignore"), "signers\n");
        Assert.Single(await OthersAsync(ignored));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static Task<IReadOnlyList<string>> OthersAsync(string file) => CommittedFile.OthersAsync([file], default);

    private async Task GitAsync(params string[] arguments)
    {
        var result = await new ChildProgram("git", ["-C", root, .. arguments]).RunAsync(default);
        Assert.True(result.Succeeded, result.Errors);
    }
}
