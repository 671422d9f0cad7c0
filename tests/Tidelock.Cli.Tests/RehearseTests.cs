using System.Text.Json;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Cli.Tests;

/// <summary><c>tidelock rehearse</c> as people call it.</summary>
public sealed class RehearseTests(NativeProgram program, PostgresServer server)
{
    [Fact]
    public async Task A_rehearsal_shows_each_part_and_what_it_promises_and_the_deployment_takes_its_backup()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);
        var before = await DeployedPlace.ColumnsAsync(database);

        var rehearsed = await place.RunAsync("rehearse", "change", "--by", "kim");

        Assert.True(rehearsed.ExitCode == 0, rehearsed.Output + rehearsed.Errors);
        foreach (
            var part in (string[])["restore", "counts", "old state", "migrate", "verify", "back", "fix-points", "again"]
        )
        {
            Assert.Matches($@"✓ {part} +[0-9.]+ (ms|s) ", rehearsed.Output);
        }

        Assert.Matches(@"by kim: restores in [0-9.]+ (ms|s), the whole way [0-9.]+ (ms|s)", rehearsed.Output);
        Assert.Contains("if all is as it was then", rehearsed.Output, StringComparison.Ordinal);
        Assert.Equal(before, await DeployedPlace.ColumnsAsync(database));
        var plan = await place.RunAsync("plan", "change");
        Assert.Contains("rehearsed at", plan.Output, StringComparison.Ordinal);

        var deployed = await place.RunAsync("deploy", "change", "--confirm", database.Name);

        Assert.True(deployed.ExitCode == 0, deployed.Output + deployed.Errors);
        Assert.Contains("by kim", deployed.Output, StringComparison.Ordinal);
        Assert.Single(Directory.GetDirectories(Path.Combine(place.State, "tidelock", "backups")));
    }

    [Fact]
    public async Task One_that_fails_says_where_and_changes_nothing_and_machines_get_one_object()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);
        await File.WriteAllTextAsync(
            Path.Combine(place.Change, "new.sql"),
            "select id::bigint as id, upper(name) as name, score / (id - 7) as score from public.results"
        );
        var before = await DeployedPlace.ColumnsAsync(database);

        var failed = await place.RunAsync("rehearse", "change");

        Assert.True(failed.ExitCode == 3, failed.Output + failed.Errors);
        Assert.Matches(@"✗ verify .*division by zero", failed.Output);
        Assert.DoesNotContain("deploy takes", failed.Output, StringComparison.Ordinal);
        var told = await place.RunAsync("rehearse", "change", "--json");
        Assert.Equal(3, told.ExitCode);
        using var end = JsonDocument.Parse(told.Output.Trim());
        Assert.False(end.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, end.RootElement.GetProperty("promisedSeconds").ValueKind);
        var last = end.RootElement.GetProperty("parts").EnumerateArray().Last();
        Assert.Equal(
            ("Verify", false),
            (last.GetProperty("part").GetString(), last.GetProperty("passed").GetBoolean())
        );
        Assert.Equal(before, await DeployedPlace.ColumnsAsync(database));
        Assert.Equal(4, (await place.RunAsync("rehearse", "nowhere")).ExitCode);
    }

    private async Task<Workplace> PlaceAsync(TestDatabase database)
    {
        var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "rehearse: false", "rehearse: true");
        return place;
    }
}
