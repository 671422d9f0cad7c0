using System.Text.Json;
using Tidelock.Tests.House;

namespace Tidelock.Cli.Tests;

public sealed class CheckTests(NativeProgram program)
{
    [Fact]
    public async Task The_example_has_no_mistakes()
    {
        using var place = new Workplace(program);
        var result = await place.RunAsync("check", Path.Combine(Repository.Root, "examples", "attempt-view-v1"));
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("attempt-view-v1", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_mistakes_come_at_once_with_file_line_and_column()
    {
        using var place = new Workplace(program);
        place.WriteChange(extra: "watsh: { for: 1s }\nrollback: { method: pray }\n");
        var result = await place.RunAsync("check", "change");
        Assert.Equal(4, result.ExitCode);
        var lines = result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 2, result.Errors);
        Assert.All(lines, line => Assert.Matches(@"^change/change\.yaml:\d+:\d+: ", line));
    }

    [Fact]
    public async Task Machines_get_one_mistake_to_a_line()
    {
        using var place = new Workplace(program);
        place.WriteChange(extra: "watsh: { for: 1s }\n");
        var result = await place.RunAsync("check", "change", "--json");
        Assert.Equal(4, result.ExitCode);
        using var mistake = JsonDocument.Parse(result.Output.Split('\n')[0]);
        Assert.True(mistake.RootElement.GetProperty("line").GetInt32() > 20);
        Assert.StartsWith("changes.", mistake.RootElement.GetProperty("code").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_misspelt_criterion_is_explained_by_the_native_program_too()
    {
        using var place = new Workplace(program);
        place.WriteChange();
        var file = Path.Combine(place.Change, "change.yaml");
        var text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(
            file,
            text.Replace("baseline: 1s }", "baseline: 1s, healthy: [connections < < 5] }", StringComparison.Ordinal)
        );
        var result = await place.RunAsync("check", "change");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("is not expected here", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("24h", true)]
    [InlineData("30m", false)]
    public async Task A_soak_that_no_look_will_add_to_is_told_before_anything_is_deployed(string soak, bool isTold)
    {
        using var place = new Workplace(program);
        place.Variables["DATABASE_URL"] = "postgresql://me@127.0.0.1:1/gone";
        Directory.CreateDirectory(place.Change);
        await File.WriteAllTextAsync(Path.Combine(place.Change, "up.sql"), "create index on public.results (name)");
        await File.WriteAllTextAsync(
            Path.Combine(place.Change, "change.yaml"),
            $$"""
            change: scores
            migration: { sql: { up: up.sql } }
            watch: { for: 30m }
            gates: { staging: { environment: production, soak: {{soak}} } }
            environments: { production: { database: "${DATABASE_URL}" } }
            """
        );
        var result = await place.RunAsync("check", "change");
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal(isTold, result.Output.Contains("no look will count", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_folder_without_a_change_ends_with_4()
    {
        using var place = new Workplace(program);
        var result = await place.RunAsync("check");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("change.yaml", result.Errors, StringComparison.Ordinal);
    }
}
