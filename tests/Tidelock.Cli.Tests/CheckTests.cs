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

    [Fact]
    public async Task A_folder_without_a_change_ends_with_4()
    {
        using var place = new Workplace(program);
        var result = await place.RunAsync("check");
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("change.yaml", result.Errors, StringComparison.Ordinal);
    }
}
