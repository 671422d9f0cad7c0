using System.Text.RegularExpressions;
using Tidelock.Tests.House;

namespace Tidelock.Tests;

/// <summary>docs/requirements.md says which test shows which requirement; this holds it to the tests there are.</summary>
public sealed partial class RequirementsTableTests
{
    private static readonly (char Letter, int Count)[] Areas =
    [
        ('G', 9),
        ('S', 7),
        ('M', 5),
        ('R', 6),
        ('T', 6),
        ('D', 2),
        ('P', 3),
    ];

    private static readonly IReadOnlyList<TableRow> Rows = ReadRows();

    [Fact]
    public void Every_requirement_stands_in_the_table_once()
    {
        var expected = Areas.SelectMany(a => Enumerable.Range(1, a.Count).Select(n => $"{a.Letter}{n}"));
        Assert.Equal(
            expected.Order(StringComparer.Ordinal),
            Rows.Select(r => r.Id).Where(id => id.Length == 2).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Every_row_names_a_test_or_says_that_there_is_none_yet() =>
        Assert.All(Rows, row => Assert.True(row.Tests.Count > 0 ^ row.Cell == "none yet", $"{row.Id}: {row.Cell}"));

    [Fact]
    public void Every_named_test_exists()
    {
        var tests = TestsInSources();
        var unknown = Rows.SelectMany(r => r.Tests.Where(t => !tests.Contains(t)).Select(t => $"{r.Id}: {t}"));
        Assert.Empty(unknown);
    }

    private static List<TableRow> ReadRows() =>
        [
            .. File.ReadLines(Path.Combine(Repository.Root, "docs", "requirements.md"))
                .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
                .Where(cells => cells.Length == 5 && RequirementId().IsMatch(cells[1]))
                .Select(cells => new TableRow(
                    cells[1],
                    cells[3],
                    [.. TestName().Matches(cells[3]).Select(m => m.Groups["name"].Value)]
                )),
        ];

    /// <summary><c>Class.Method</c> of every method with a test attribute.</summary>
    private static HashSet<string> TestsInSources()
    {
        var separator = Path.DirectorySeparatorChar;
        var files = Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{separator}obj{separator}", StringComparison.Ordinal));
        return [.. files.SelectMany(TestsIn)];
    }

    private static IEnumerable<string> TestsIn(string file)
    {
        var text = File.ReadAllText(file);
        return TestMethod().Matches(text).Select(m => $"{Path.GetFileNameWithoutExtension(file)}.{m.Groups["name"]}");
    }

    [GeneratedRegex("^(?:[GSMRTDP][1-9]|VIEW)$", RegexOptions.None, 1000)]
    private static partial Regex RequirementId();

    [GeneratedRegex("`(?<name>[A-Za-z0-9]+\\.[A-Za-z0-9_]+)`", RegexOptions.None, 1000)]
    private static partial Regex TestName();

    [GeneratedRegex(
        @"\[(?:Fact|Theory|Property)\b[\s\S]*?public\s+(?:static\s+)?(?:async\s+)?(?:void|Task|bool|Property)\s+(?<name>\w+)\s*\(",
        RegexOptions.None,
        5000
    )]
    private static partial Regex TestMethod();

    private sealed record TableRow(string Id, string Cell, IReadOnlyList<string> Tests);
}
