using System.Text.Json;
using System.Xml.Linq;
using Microsoft.Data.Sqlite;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

/// <summary>What is left of a run for others: looks since, a signed file, anchors, figures.</summary>
public sealed class EvidenceTests(NativeProgram program, PostgresServer server)
{
    [Fact]
    public async Task A_completed_run_is_looked_at_and_signed_and_an_edited_file_is_refused()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedAsync(database);
        var looked = await place.RunAsync("soak", "change", "--once");
        Assert.Equal(0, looked.ExitCode);
        Assert.Contains("(1 looks)", looked.Output, StringComparison.Ordinal);

        await KeyAsync(place);
        var signed = await place.RunAsync("evidence", "--key", "ci", "--out", "staging.json");
        Assert.True(signed.ExitCode == 0, signed.LastWords);
        var good = await place.RunAsync("evidence", "--check", "staging.json", "--signers", "allowed_signers");
        Assert.Equal(0, good.ExitCode);
        Assert.Contains("Signed by ci@example.com", good.Output, StringComparison.Ordinal);
        Assert.Contains("catalog/public.scores", good.Output, StringComparison.Ordinal);
        var file = Path.Combine(place.Folder, "staging.json");
        var text = await File.ReadAllTextAsync(file);
        var at = text.IndexOf("\"payload\":\"", StringComparison.Ordinal) + 200;
        await File.WriteAllTextAsync(file, text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..]);
        Assert.Equal(
            3,
            (await place.RunAsync("evidence", "--check", "staging.json", "--signers", "allowed_signers")).ExitCode
        );

        await database.ExecuteAsync("alter view public.scores rename column name to called");
        var broken = await place.RunAsync("soak", "change", "--once");
        Assert.Equal(2, broken.ExitCode);
        Assert.Contains("column name", broken.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_end_that_was_cut_off_shows_by_the_anchor_alone_and_figures_and_JUnit_are_read()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedAsync(database);
        var anchor = await place.RunAsync("anchor", "--file", "anchors.txt");
        Assert.Matches(
            "^tidelock:[0-9A-Z]{26}:[0-9]+:[0-9a-f]{64}\ntidelock:[0-9a-f]{64}@production:1:[0-9a-f]{64}\n$",
            anchor.Output
        );
        Assert.Equal(0, (await place.RunAsync("report", "--verify", "--anchor", "anchors.txt")).ExitCode);

        var history = await place.RunAsync("history", "--json");
        using var figures = JsonDocument.Parse(history.Output);
        var production = figures.RootElement.GetProperty("environments")[0];
        Assert.Equal(
            (1, 0),
            (production.GetProperty("deployments").GetInt32(), production.GetProperty("failed").GetInt32())
        );
        Assert.Contains(
            "배포 빈도",
            (await place.RunAsync("history", "--lang", "ko")).Output,
            StringComparison.Ordinal
        );
        var junit = XDocument.Parse((await place.RunAsync("report", "--format", "junit")).Output);
        Assert.All(junit.Root!.Elements(), s => Assert.Equal("0", s.Attribute("failures")!.Value));

        await CutAsync(place);
        Assert.Equal(0, (await place.RunAsync("report", "--verify")).ExitCode);
        var cut = await place.RunAsync("report", "--verify", "--anchor", "anchors.txt");
        Assert.Equal(2, cut.ExitCode);
        Assert.Contains("The end was cut off", cut.Errors, StringComparison.Ordinal);
        Assert.Equal(2, (await place.RunAsync("report", "--verify", "--anchor", anchor.Output.Trim())).ExitCode);
        Assert.Equal(3, (await place.RunAsync("report", "--verify", "--anchor", "nothing of it")).ExitCode);
        Assert.Equal(4, (await place.RunAsync("report", "--anchor", "anchors.txt")).ExitCode);
    }

    [Fact]
    public async Task What_people_said_that_was_cut_off_shows_by_the_run_and_what_was_changed_stops_no_verb_that_can_do_without()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedAsync(database);
        await EditAsync(place, "delete from events where instr(stream, '@production') > 0");
        var cut = await place.RunAsync("report", "--verify");
        Assert.Equal(2, cut.ExitCode);
        Assert.Contains("words of people or looks at the change are missing", cut.Errors, StringComparison.Ordinal);

        Assert.Equal(0, (await place.RunAsync("plan", "change")).ExitCode);
        Assert.Equal(0, (await place.RunAsync("soak", "change", "--once")).ExitCode);
        await EditAsync(place, "update events set payload = payload || ' ' where instr(stream, '@production') > 0");
        Assert.Equal(0, (await place.RunAsync("plan", "change")).ExitCode);
        Assert.Equal(0, (await place.RunAsync("history")).ExitCode);
        var report = await place.RunAsync("report");
        Assert.Contains("was changed, lost or put in", report.Output, StringComparison.Ordinal);
        Assert.Equal(2, (await place.RunAsync("soak", "change", "--once")).ExitCode);
    }

    [Fact]
    public async Task A_run_signs_its_evidence_and_writes_its_anchors_by_itself_where_the_change_says_so()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        place.WriteChange(extra: "evidence: { key: ../ci, out: ../kept/own.json, anchors: [../anchors.txt] }\n");
        await KeyAsync(place);
        var deployed = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.True(deployed.ExitCode == 0, deployed.LastWords);
        var check = await place.RunAsync("evidence", "--check", "kept/own.json", "--signers", "allowed_signers");
        Assert.True(check.ExitCode == 0, check.LastWords);
        Assert.Equal(0, (await place.RunAsync("report", "--verify", "--anchor", "anchors.txt")).ExitCode);

        var before = await File.ReadAllTextAsync(Path.Combine(place.Folder, "kept", "own.json"));
        Assert.Equal(0, (await place.RunAsync("soak", "change", "--once")).ExitCode);
        Assert.NotEqual(before, await File.ReadAllTextAsync(Path.Combine(place.Folder, "kept", "own.json")));
        File.Delete(Path.Combine(place.Folder, "ci"));
        var unsigned = await place.RunAsync("soak", "change", "--once");
        Assert.Equal(0, unsigned.ExitCode);
        Assert.Contains("tidelock evidence", unsigned.Errors, StringComparison.Ordinal);
    }

    private async Task<Workplace> DeployedAsync(TestDatabase database)
    {
        var place = await DeployedPlace.OfAsync(program, database);
        await place.RunAsync("plan", "change");
        var deployed = await place.RunAsync("deploy", "change", "--confirm", database.Name);
        Assert.True(deployed.ExitCode == 0, deployed.Output + deployed.Errors);
        return place;
    }

    private static async Task KeyAsync(Workplace place)
    {
        var key = Path.Combine(place.Folder, "ci");
        var made = await new ChildProgram("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).RunAsync(default);
        Assert.True(made.Succeeded, made.LastWords);
        var line = $"ci@example.com namespaces=\"tidelock-evidence\" {await File.ReadAllTextAsync(key + ".pub")}";
        await File.WriteAllTextAsync(Path.Combine(place.Folder, "allowed_signers"), line);
    }

    /// <summary>Somebody who can write the journal takes the last two events away.</summary>
    private static async Task CutAsync(Workplace place) =>
        Assert.Equal(
            2,
            await EditAsync(
                place,
                """
                delete from events where instr(stream, '@') = 0
                    and sequence > (select max(sequence) - 2 from events where instr(stream, '@') = 0)
                """
            )
        );

    private static async Task<int> EditAsync(Workplace place, string sql)
    {
        var journal = Path.Combine(place.State, "tidelock", "journal.db");
        var address = new SqliteConnectionStringBuilder { DataSource = journal, Pooling = false }.ConnectionString;
        await using var connection = new SqliteConnection(address);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteNonQueryAsync();
    }
}
