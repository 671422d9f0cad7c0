using System.Text.Json;
using System.Xml.Linq;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Cli.Tests;

/// <summary>verify, lock and unlock, as CI, cron and a person use them.</summary>
public sealed class ContractVerbTests(NativeProgram program, PostgresServer server)
{
    private const string Rule =
        "  rules: [{ name: scores are 'high', sql: select id from public.scores where score < 100 }]\n";

    [Fact]
    public async Task Verify_writes_JUnit_annotations_and_JSON_of_every_check()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);
        await database.ExecuteAsync(
            """
            drop view public.top_scores, public.scores;
            create view public.scores as select id::bigint as id, name, score from public.results;
            insert into public.results values (101, E'bad\x01 <&]]>', 1);
            """
        );
        DeployedPlace.Replace(place, "watch:", Rule + "watch:");

        var text = await place.RunAsync("verify", "change", "--junit", "contract.xml", "--github");
        var json = await place.RunAsync("verify", "change", "--json");

        Assert.Equal((2, 2), (text.ExitCode, json.ExitCode));
        var suite = XDocument.Load(Path.Combine(place.Folder, "contract.xml")).Root!.Element("testsuite")!;
        Assert.Equal(
            ("3", "1", "0"),
            (
                (string)suite.Attribute("tests")!,
                (string)suite.Attribute("failures")!,
                (string)suite.Attribute("errors")!
            )
        );
        var failed = Assert.Single(suite.Elements("testcase"), c => c.Element("failure") is not null);
        Assert.Equal("rule: scores are 'high'", (string)failed.Attribute("name")!);
        Assert.Equal("contracts.rule.broken", (string)failed.Element("failure")!.Attribute("type")!);
        var annotation = Assert.Single(
            text.Output.Split('\n'),
            l => l.StartsWith("::error ", StringComparison.Ordinal)
        );
        Assert.StartsWith(
            "::error file=change/change.yaml,title=public.scores%3A rule%3A scores are 'high'::",
            annotation,
            StringComparison.Ordinal
        );
        var line = JsonDocument.Parse(json.Output).RootElement;
        Assert.False(line.GetProperty("holds").GetBoolean());
        Assert.Equal(101, line.GetProperty("rows").GetInt64());
        Assert.Equal(
            [true, true, false],
            line.GetProperty("checks").EnumerateArray().Select(c => c.GetProperty("holds").GetBoolean())
        );
        Assert.Empty(json.Errors);
    }

    [Fact]
    public async Task What_verify_did_not_look_at_is_an_error_and_never_passed()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);

        var result = await place.RunAsync("verify", "change", "--junit", "contract.xml", "--github");

        Assert.Equal(2, result.ExitCode);
        var suite = XDocument.Load(Path.Combine(place.Folder, "contract.xml")).Root!.Element("testsuite")!;
        Assert.Equal(
            ("2", "1", "1"),
            (
                (string)suite.Attribute("tests")!,
                (string)suite.Attribute("failures")!,
                (string)suite.Attribute("errors")!
            )
        );
        Assert.Contains("every column of every row::Not looked at", result.Output, StringComparison.Ordinal);
        var unwritable = await place.RunAsync("verify", "change", "--junit", "no/such/folder.xml");
        Assert.Equal(4, unwritable.ExitCode);
    }

    [Fact]
    public async Task A_contract_is_locked_after_it_was_deployed_and_the_next_run_still_goes_through()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);
        var early = await place.RunAsync("lock", "change", "--confirm", database.Name);
        Assert.Equal(2, early.ExitCode);
        Assert.Equal(0, (await place.RunAsync("deploy", "change", "--confirm", database.Name)).ExitCode);
        Assert.Equal(3, (await place.RunAsync("lock", "change")).ExitCode);

        var locked = await place.RunAsync("lock", "change", "--confirm", database.Name, "--lang", "ko");

        Assert.True(locked.ExitCode == 0, locked.Errors);
        var refused = await Assert.ThrowsAsync<PostgresException>(() =>
            database.ExecuteAsync("drop table public.results cascade")
        );
        Assert.Contains("tidelock unlock change --env production", refused.Hint, StringComparison.Ordinal);
        Assert.Contains("잠갔습니다", refused.MessageText, StringComparison.Ordinal);
        var plan = await place.RunAsync("plan", "change");
        Assert.True(plan.ExitCode == 0, plan.Output + plan.Errors);
        var back = await place.RunAsync("rollback", "--method", "definition");
        Assert.True(back.ExitCode == 1, back.Output + back.Errors);
        Assert.Equal("score id name", await DeployedPlace.ColumnsAsync(database));

        var unlocked = await place.RunAsync("unlock", "change", "--confirm", database.Name, "--json");
        Assert.Equal(
            "cli.lock.unlocked",
            JsonDocument.Parse(unlocked.Output).RootElement.GetProperty("code").GetString()
        );
        await database.ExecuteAsync("drop table public.results cascade");
    }

    private async Task<Workplace> PlaceAsync(TestDatabase database) => await DeployedPlace.OfAsync(program, database);
}
