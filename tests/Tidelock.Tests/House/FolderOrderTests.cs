using System.Text.RegularExpressions;

namespace Tidelock.Tests.House;

public sealed partial class FolderOrderTests
{
    /// <summary>The order of docs/architecture.md: a folder uses only folders above it.</summary>
    private static readonly string[] Order =
    [
        "Texts",
        "Programs",
        "Signatures",
        "Postgres",
        "Changes",
        "Calendars",
        "Policies",
        "Relations",
        "Contracts",
        "Checks",
        "Migrations",
        "Diagnoses",
        "Backups",
        "Probes",
        "Watching",
        "Runs",
        "Evidence",
        "Notifications",
        "Rollbacks",
        "Rehearsals",
        "Gates",
        "Steps",
        "Deployments",
    ];

    private static readonly string Library = Path.Combine(Repository.Root, "src", "Tidelock");

    [Fact]
    public void The_folders_on_disk_are_the_folders_of_the_order() =>
        Assert.Equal(
            Order.Order(StringComparer.Ordinal),
            Directory
                .GetDirectories(Library)
                .Select(Path.GetFileName)
                .Where(f => f is not ("bin" or "obj"))
                .Where(HasCode)
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void A_folder_uses_only_folders_above_it()
    {
        var wrong =
            from folder in Order
            from file in Directory.GetFiles(Path.Combine(Library, folder), "*.cs", SearchOption.AllDirectories)
            from used in Uses().Matches(File.ReadAllText(file)).Select(m => m.Groups["folder"].Value)
            where Array.IndexOf(Order, used) > Array.IndexOf(Order, folder)
            select $"{Path.GetRelativePath(Library, file)} uses {used}";
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_namespace_is_the_folder_it_stands_in()
    {
        var wrong =
            from folder in Order
            from file in Directory.GetFiles(Path.Combine(Library, folder), "*.cs", SearchOption.AllDirectories)
            let expected = "namespace Tidelock."
                + Path.GetRelativePath(Library, Path.GetDirectoryName(file)!).Replace('/', '.')
                + ";"
            where !File.ReadAllText(file).Contains(expected, StringComparison.Ordinal)
            select Path.GetRelativePath(Library, file);
        Assert.Empty(wrong);
    }

    [Fact]
    public void Only_Programs_starts_processes() => Assert.Empty(FilesThatSay(ProcessStart(), except: "Programs"));

    [Fact]
    public void Only_Postgres_opens_connections_to_a_server() =>
        Assert.Empty(FilesThatSay(ConnectionOpen(), except: "Postgres"));

    private static IEnumerable<string> FilesThatSay(Regex pattern, string except) =>
        from folder in Order
        where folder != except
        from file in Directory.GetFiles(Path.Combine(Library, folder), "*.cs", SearchOption.AllDirectories)
        where pattern.IsMatch(File.ReadAllText(file))
        select Path.GetRelativePath(Library, file);

    private static bool HasCode(string? folder) =>
        Directory.EnumerateFiles(Path.Combine(Library, folder!), "*", SearchOption.AllDirectories).Any();

    [GeneratedRegex(@"(?:using |[^\w.])Tidelock\.(?<folder>[A-Z]\w+)", RegexOptions.None, 1000)]
    private static partial Regex Uses();

    [GeneratedRegex(@"Process\.Start|Cli\.Wrap|new Process\b", RegexOptions.None, 1000)]
    private static partial Regex ProcessStart();

    [GeneratedRegex(@"new NpgsqlConnection\(|NpgsqlDataSource", RegexOptions.None, 1000)]
    private static partial Regex ConnectionOpen();
}
