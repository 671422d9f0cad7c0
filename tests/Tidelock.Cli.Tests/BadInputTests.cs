using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

/// <summary>Each gives a clear message (what, where, what to do) and its exit code, and changes nothing.</summary>
public sealed class BadInputTests(NativeProgram program, PostgresServer server)
{
    [Fact]
    public async Task No_DATABASE_URL()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        place.Variables["DATABASE_URL"] = null;
        await RefusedAsync(place, database, 4, "DATABASE_URL", "export");
    }

    [Theory]
    [InlineData("this is not one", "not a PostgreSQL connection string. Write postgresql://")]
    [InlineData("mysql://a:b@c/d", "not a PostgreSQL connection string. Write postgresql://")]
    [InlineData("postgresql://127.0.0.1:notaport/x", "\"notaport\" is not a port")]
    public async Task A_URL_that_is_not_one(string url, string said)
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        place.Variables["DATABASE_URL"] = url;
        await RefusedAsync(place, database, 4, said);
    }

    [Fact]
    public async Task A_wrong_password()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var uri = new UriBuilder(database.Uri) { Password = "canary-wrong" };
        place.Variables["DATABASE_URL"] = uri.Uri.AbsoluteUri;
        await RefusedAsync(place, database, 3, "password");
    }

    [Fact]
    public async Task A_server_that_is_down()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        place.Variables["DATABASE_URL"] = "postgresql://me:canary-wrong@127.0.0.1:1/gone";
        await RefusedAsync(place, database, 3, "127.0.0.1:1");
    }

    [Fact]
    public async Task A_database_that_is_not_there()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var uri = new UriBuilder(database.Uri) { Path = "/no_such_database" };
        place.Variables["DATABASE_URL"] = uri.Uri.AbsoluteUri;
        await RefusedAsync(place, database, 3, "no_such_database");
    }

    [Fact]
    public async Task A_relation_that_is_a_table()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "view: { name: public.scores,", "view: { name: public.results,");
        DeployedPlace.Replace(place, "relation: public.scores", "relation: public.results");
        await FailedAsync(place, database, 3, "public.results");
    }

    [Theory]
    [InlineData("select id frm public.results", "syntax")]
    [InlineData("select id::bigint as id, no_such_column as name, score from public.results", "no_such_column")]
    [InlineData("select id::bigint as id, name from public.results", "score")]
    [InlineData("select id::int as id, name, score from public.results", "bigint")]
    [InlineData(
        "select id::bigint as id, (1 / (id - 50))::text as name, score from public.results",
        "division by zero"
    )]
    public async Task A_definition_that_cannot_be_or_breaks_the_contract_or_fails_on_some_rows_only(
        string sql,
        string said
    )
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        place.WriteChange(sql);
        await FailedAsync(place, database, 3, said);
    }

    [Fact]
    public async Task Names_with_quotes_spaces_capitals_and_letters_that_are_not_ASCII()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        await database.ExecuteAsync(
            """"
            create schema "학교 Schema";
            create view "학교 Schema"."성적 ""View""" as select score, id, name as "이 름" from public.results;
            """"
        );
        var name = "'\"학교 Schema\".\"성적 \"\"View\"\"\"'";
        DeployedPlace.Replace(place, "name: public.scores,", $"name: {name},");
        DeployedPlace.Replace(place, "relation: public.scores", $"relation: {name}");
        DeployedPlace.Replace(place, "{ name: name,", "{ name: 이 름,");
        await File.WriteAllTextAsync(
            Path.Combine(place.Change, "new.sql"),
            "select id::bigint as id, upper(name) as \"이 름\", score from public.results"
        );
        var result = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.True(result.ExitCode == 0, result.Output + result.Errors);
    }

    [Fact]
    public async Task A_database_with_a_name_of_its_own()
    {
        await using var database = await TestDatabase.CreateAsync(
            server.Cluster,
            "Prüf \"Daten\" " + Guid.NewGuid().ToString("N")[..6]
        );
        using var place = await DeployedPlace.OfAsync(program, database);
        var result = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.True(result.ExitCode == 0, result.Output + result.Errors);
    }

    [Fact]
    public async Task A_journal_on_a_full_disk()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var result = await place.RunAsync("deploy", "change", "--confirm", database.Name, "--journal", "/dev/full");
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("/dev/full", result.Errors, StringComparison.Ordinal);
        Assert.Equal("score id name", await DeployedPlace.ColumnsAsync(database));
    }

    [Fact]
    public async Task A_run_that_has_not_ended_refuses_a_second_one()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "for: 1s", "for: 60s");
        var first = place.RunAsync("deploy", "change", "--confirm", database.Name);
        await database.UntilAsync(
            "select attname = 'id' from pg_attribute where attrelid = 'public.scores'::regclass and attnum = 1"
        );
        var second = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.True(second.ExitCode == 5, second.Output + second.Errors);
        Assert.Contains(Environment.MachineName, second.Errors, StringComparison.Ordinal);
        // Another journal knows nothing of the first run; the lock on the database does.
        var elsewhere = await place.RunAsync("deploy", "change", "--confirm", database.Name, "--journal", "other.db");
        Assert.True(elsewhere.ExitCode == 5, elsewhere.Output + elsewhere.Errors);
        // It stays beside the run until that has gone back, and ends as it does.
        Assert.Equal(1, (await place.RunAsync("abort", "--by", "lee")).ExitCode);
        var ended = await first;
        Assert.True(ended.ExitCode == 1, ended.Output + ended.Errors);
        Assert.Equal("score id name", await DeployedPlace.ColumnsAsync(database));
    }

    /// <summary>Refused before a run began.</summary>
    private static async Task RefusedAsync(Workplace place, TestDatabase database, int exitCode, params string[] said)
    {
        foreach (var verb in (string[])["plan", "deploy", "verify", "diagnose"])
        {
            string[] arguments = verb is "deploy" ? [verb, "change", "--confirm", NameIn(place)] : [verb, "change"];
            var result = await place.RunAsync(arguments);
            Says(result, exitCode, result.Errors, said);
        }

        Assert.Contains("no runs", (await place.RunAsync("status")).Output, StringComparison.Ordinal);
        Assert.Equal("score id name", await DeployedPlace.ColumnsAsync(database));
    }

    /// <summary>A run began, found it, and left everything as it was.</summary>
    private static async Task FailedAsync(Workplace place, TestDatabase database, int exitCode, string said)
    {
        var result = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Says(result, exitCode, result.Output + result.Errors, said);
        Assert.Contains("scores → production", (await place.RunAsync("status")).Output, StringComparison.Ordinal);
        Assert.Equal("score id name", await DeployedPlace.ColumnsAsync(database));
    }

    /// <summary>The database that the variable names, as far as it is an address at all.</summary>
    private static string NameIn(Workplace place) =>
        Uri.TryCreate(place.Variables["DATABASE_URL"], UriKind.Absolute, out var uri)
            ? Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/'))
            : "x";

    private static void Says(ProgramResult result, int exitCode, string where, params string[] said)
    {
        Assert.True(result.ExitCode == exitCode, $"{result.ExitCode}: {result.Output}{result.Errors}");
        Assert.True(Array.TrueForAll(said, s => where.Contains(s, StringComparison.OrdinalIgnoreCase)), where);
        Assert.DoesNotContain("canary", result.Output + result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Errors, StringComparison.Ordinal);
    }
}
