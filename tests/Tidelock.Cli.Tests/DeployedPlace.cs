using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Cli.Tests;

/// <summary>A workplace with the small change, and the database it is for.</summary>
internal static class DeployedPlace
{
    public static async Task<Workplace> OfAsync(NativeProgram program, TestDatabase database)
    {
        await database.ExecuteAsync(Workplace.Old);
        var place = new Workplace(program);
        place.Variables["DATABASE_URL"] = database.Uri;
        place.WriteChange();
        return place;
    }

    /// <summary>The columns of the view, which tell which definition is in place.</summary>
    public static Task<string?> ColumnsAsync(TestDatabase database) =>
        database.ScalarAsync<string>(
            "select string_agg(attname, ' ' order by attnum) from pg_attribute where attrelid = to_regclass('public.scores') and attnum > 0"
        );

    public static void Replace(Workplace place, string old, string with)
    {
        var file = Path.Combine(place.Change, "change.yaml");
        var text = File.ReadAllText(file);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(old, with, StringComparison.Ordinal));
    }
}
