using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Programs;

namespace Tidelock.Tests.Gates;

/// <summary>With git itself.</summary>
public sealed class ChangeAuthorTests : IAsyncLifetime
{
    private const string Gates = "approval: { required: 2 }";

    private readonly string root = Directory.CreateTempSubdirectory("tidelock-authors-").FullName;
    private GateBench bench = null!;

    public async ValueTask InitializeAsync()
    {
        bench = await GateBench.InAsync(Directory.CreateDirectory(Path.Combine(root, "scores")).FullName, Gates);
        bench.Read(Gates, "title: nobody says who wrote it");
        await GitAsync(root, "init", "-q", "-b", "main");
        await File.WriteAllTextAsync(Path.Combine(root, ".gitignore"), "journal.db*\n");
        await CommitAsync("kim", ".");
    }

    [Fact]
    public async Task Everybody_counts_who_touched_it_and_who_is_named_beside_them_by_every_name()
    {
        await WriteAsync("new.sql", "select 2 as id");
        await CommitAsync("lee", "scores", "Co-authored-by: Choi Ara <choi@example.com>");
        await File.WriteAllTextAsync(Path.Combine(root, "other.txt"), "elsewhere");
        await CommitAsync("park", "other.txt");
        Assert.Equal(["choi", "kim", "lee"], await AuthorsAsync("choi", "kim", "lee", "park", "seo"));

        await File.WriteAllTextAsync(Path.Combine(root, ".mailmap"), "Seo Jin <seo@corp.example> <kim@example.com>\n");
        await CommitAsync("park", ".mailmap");
        Assert.Equal(["choi", "kim", "lee", "seo"], await AuthorsAsync("choi", "kim", "lee", "park", "seo"));
    }

    [Fact]
    public async Task Whom_the_change_names_is_one_more()
    {
        bench.Read(Gates, "author: seo");
        await CommitAsync("lee", "scores");
        Assert.Equal(["kim", "lee", "seo"], await AuthorsAsync("kim", "lee", "park", "seo"));
    }

    [Fact]
    public async Task Who_wrote_a_folder_before_it_was_renamed_is_still_an_author()
    {
        await GitAsync(root, "mv", "scores", "draft");
        await CommitAsync("lee", ".");
        Directory.CreateDirectory(Path.Combine(root, "scores"));
        await GitAsync(root, "mv", "draft/change.yaml", "draft/new.sql", "scores/");
        await CommitAsync("park", ".");
        Assert.Equal(["kim", "lee", "park"], await AuthorsAsync("kim", "lee", "park", "seo"));
    }

    [Fact]
    public async Task Edits_that_are_not_committed_have_no_author_also_where_git_was_told_not_to_look()
    {
        await WriteAsync("new.sql", "select 3 as id");
        await AssertUnknownAsync();
        await GitAsync(root, "update-index", "--assume-unchanged", "scores/new.sql");
        await AssertUnknownAsync();
        await WriteAsync("new.sql", "select 1 as id");
        Assert.Equal(["kim"], await AuthorsAsync("kim", "lee"));

        // Ignored, and so never committed.
        await GitAsync(root, "rm", "-q", "--cached", "scores/new.sql");
        await File.AppendAllTextAsync(Path.Combine(root, ".gitignore"), "*.sql\n");
        await CommitAsync("kim", ".");
        await AssertUnknownAsync();
    }

    [Fact]
    public async Task Line_endings_that_git_changes_are_no_edit()
    {
        await File.WriteAllTextAsync(Path.Combine(root, ".gitattributes"), "*.sql text eol=crlf\n");
        await WriteAsync("new.sql", "select 1 as id,\n 2 as two\n");
        await CommitAsync("kim", ".");
        await WriteAsync("new.sql", "select 1 as id,\r\n 2 as two\r\n");
        Assert.Equal(["kim"], await AuthorsAsync("kim", "lee"));
    }

    [Fact]
    public async Task A_clone_without_its_past_knows_no_author()
    {
        await File.WriteAllTextAsync(Path.Combine(root, "other.txt"), "elsewhere");
        await CommitAsync("lee", "other.txt");
        var clone = Path.Combine(root, "clone");
        await GitAsync(root, "clone", "-q", "--depth", "1", "file://" + root, clone);
        await using var shallow = await GateBench.InAsync(Path.Combine(clone, "scores"), Gates);
        shallow.Read(Gates, "title: nobody says who wrote it");
        Assert.Empty((await ChangeAuthor.ReadAsync(shallow.Change, default)).Names);
    }

    [Fact]
    public async Task A_repository_that_git_cannot_read_knows_no_author_whatever_the_change_says()
    {
        bench.Read(Gates, "author: seo");
        Directory.Delete(Path.Combine(root, ".git", "objects"), recursive: true);
        await AssertUnknownAsync();
    }

    [Fact]
    public async Task Where_there_is_no_repository_the_gate_says_that_the_change_names_its_author_itself()
    {
        await using var alone = await GateBench.CreateAsync(Gates);
        await alone.SayAsync("approval", "kim");
        await alone.SayAsync("approval", "lee");
        var standing = await alone.StandingAsync(new ApprovalGate());
        Assert.True(standing.Passed, standing.Finding.ToString());
        Assert.Contains(
            "only the change itself says who wrote it (choi)",
            standing.Finding.ToString(),
            StringComparison.Ordinal
        );
    }

    public async ValueTask DisposeAsync()
    {
        await bench.DisposeAsync();
        if (Directory.Exists(root))
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(bench.PathOf(name), text);

    private async Task<List<string>> AuthorsAsync(params string[] people)
    {
        bench.ReadAgain();
        var author = await ChangeAuthor.ReadAsync(bench.Change, default);
        Assert.False(author.IsOnlyNamed);
        var ground = new ApprovalGround(bench.Change, "production", default) { Author = author.Names };
        return [.. people.Where(ground.IsAuthor)];
    }

    private async Task AssertUnknownAsync()
    {
        bench.ReadAgain();
        Assert.Equal([], (await ChangeAuthor.ReadAsync(bench.Change, default)).Names);
    }

    private Task CommitAsync(string by, string path, string trailer = "") =>
        GitAsync(
            root,
            ["add", "--", path],
            ["commit", "-q", "--author", $"{by} <{by}@example.com>", "-m", $"Edit\n\n{trailer}"]
        );

    private static Task GitAsync(string folder, params string[] arguments) => GitAsync(folder, [arguments]);

    private static async Task GitAsync(string folder, params string[][] commands)
    {
        foreach (var arguments in commands)
        {
            string[] who =
            [
                "-c",
                "user.name=robot",
                "-c",
                "user.email=robot@example.com",
                "-c",
                "commit.gpgsign=false",
            ];
            var git = new ChildProgram("git", ["-C", folder, .. who, .. arguments]);
            var result = await git.RunAsync(TestContext.Current.CancellationToken);
            Assert.True(result.Succeeded, result.LastWords);
        }
    }
}
