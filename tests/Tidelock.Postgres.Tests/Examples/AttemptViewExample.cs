using System.Globalization;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Examples;

/// <summary>The files of examples/attempt-view-v1, and databases made from them.</summary>
public static class AttemptViewExample
{
    public static string Folder { get; } = Path.Combine(RepositoryRoot(), "examples", "attempt-view-v1");

    public static string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));

    /// <summary>database.sql, and so many generated results (10 attempts each).</summary>
    public static async Task LoadAsync(TestDatabase database, int results)
    {
        await database.ExecuteAsync(Read("database.sql"));
        await database.ExecuteAsync(
            string.Create(CultureInfo.InvariantCulture, $"set seedtest.results = '{results}';\n") + Read("generate.sql")
        );
    }

    /// <summary>V1 beside the older view, as public.v1.</summary>
    public static Task CreateV1Async(TestDatabase database) =>
        database.ExecuteAsync("create view public.v1 as\n" + Read("attempt.sql"));

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Tidelock.slnx")))
        {
            folder = folder.Parent;
        }

        return folder.FullName;
    }
}
