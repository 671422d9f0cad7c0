using Tidelock.Migrations;

namespace Tidelock.Tests.Migrations;

public sealed class DropsTests
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    [Fact]
    public void What_may_go_is_named_where_the_author_writes_SQL()
    {
        var (change, mistakes) = Load("sql: { up: up.sql }", "[public.daily_accuracy, function public.best()]");
        Assert.Empty(mistakes);
        Assert.Equal(["public.daily_accuracy", "function public.best()"], change!.Section<Migration>().Drops);
    }

    [Theory]
    [InlineData("sql: { up: up.sql }", "[]", "migrations.drops-empty")]
    [InlineData("view: { name: public.v, definition: up.sql }", "[public.a]", "migrations.drops-place")]
    public void It_must_name_something_and_has_no_sense_beside_a_view(string kind, string drops, string code)
    {
        Assert.Equal(code, Assert.Single(Load(kind, drops).Mistakes));
    }

    private static (Tidelock.Changes.Change? Change, IReadOnlyList<string> Mistakes) Load(string kind, string drops)
    {
        var folder = Directory.CreateTempSubdirectory("tidelock-drops-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "up.sql"), "select 1 as id");
            File.WriteAllText(
                Path.Combine(folder, "change.yaml"),
                $$"""
                change: named
                migration:
                  {{kind}}
                  drops: {{drops}}
                environments:
                  production: { database: "host=127.0.0.1 port=1 dbname=p user=u" }
                """
            );
            var reading = TidelockServices.ChangeLoader.Load(folder, null, NoVariables);
            return (reading.Change, [.. reading.Mistakes.Select(m => m.Problem.Code)]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
