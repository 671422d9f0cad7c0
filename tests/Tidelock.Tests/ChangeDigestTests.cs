using Tidelock.Tests.House;

namespace Tidelock.Tests;

public sealed class ChangeDigestTests : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-digest-").FullName;

    public ChangeDigestTests()
    {
        foreach (var file in new[] { "change.yaml", "attempt.sql", "kpi.sql", "RUNBOOK.md" })
        {
            File.Copy(Path.Combine(Example, file), Path.Combine(folder, file));
        }
    }

    private static string Example =>
        Path.Combine(Repository.Root, "tests", "Tidelock.Tests", "Changes", "attempt-view");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("owner: data-engineering", "owner: 'data-engineering'   # who answers")]
    [InlineData(
        "title: Lock the attempt VIEW to its V1 shape\nowner: data-engineering",
        "owner: data-engineering\ntitle: Lock the attempt VIEW to its V1 shape"
    )]
    [InlineData("{ method: definition, automatic: true }", "\n  automatic: true\n  method: \"definition\"")]
    [InlineData("  unique: [[id]]", "  unique:\n    - - id")]
    public void Layout_comments_and_the_order_of_keys_do_not_count(string from, string to)
    {
        var before = Digest();
        Edit("change.yaml", from, to);
        Assert.Equal(before, Digest());
    }

    [Theory]
    [InlineData("change.yaml", "owner: data-engineering", "owner: data-engineers")]
    [InlineData("change.yaml", "maxAge: 2h", "maxAge: 3h")]
    [InlineData("change.yaml", "rehearse: true", "rehearse: false")]
    [InlineData("change.yaml", "automatic: true", "automatic: false")]
    [InlineData("change.yaml", "rows: 5", "rows: \"5\"")]
    [InlineData("change.yaml", "${DATABASE_URL}", "${OTHER_DATABASE_URL}")]
    [InlineData(
        "change.yaml",
        "select id from attempt where student_id is null",
        "select id from attempt where  student_id is null"
    )]
    [InlineData("change.yaml", "[error_rate < 0.1%, p95 < 500ms", "[p95 < 500ms, error_rate < 0.1%")]
    [InlineData(
        "change.yaml",
        "gates: { staging: off, approval: { required: 1 }",
        "gates: { staging: off, approval: { required: 2 }"
    )]
    [InlineData("attempt.sql", "-- The V1 shape.", "-- The  V1 shape.")]
    [InlineData("kpi.sql", "\n", "\r\n")]
    public void Every_value_and_every_byte_of_a_file_counts(string file, string from, string to)
    {
        var before = Digest();
        Edit(file, from, to);
        Assert.NotEqual(before, Digest());
        Edit(file, to, from);
        Assert.Equal(before, Digest());
    }

    [Fact]
    public void A_byte_order_mark_counts_although_it_is_not_part_of_the_text()
    {
        var before = Digest();
        var path = Path.Combine(folder, "kpi.sql");
        File.WriteAllBytes(path, [0xEF, 0xBB, 0xBF, .. File.ReadAllBytes(path)]);
        Assert.NotEqual(before, Digest());
        var change = TidelockServices.ChangeLoader.Load(folder, null, NoVariables).Change!;
        Assert.StartsWith("select", change.Files.Single(f => f.Path == "kpi.sql").Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_and_the_folder_do_not_count()
    {
        var before = Digest();
        var variables = new Dictionary<string, string>(StringComparer.Ordinal) { ["API_URL"] = "http://other.example" };
        Assert.Equal(before, TidelockServices.ChangeLoader.Load(Example, null, variables).Change!.Digest);
    }

    private string Digest()
    {
        var reading = TidelockServices.ChangeLoader.Load(folder, null, NoVariables);
        Assert.Empty(reading.Mistakes.Select(m => m.Render(Texts.TextCatalog.English)));
        return reading.Change!.Digest;
    }

    private void Edit(string file, string from, string to)
    {
        var path = Path.Combine(folder, file);
        var text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }
}
