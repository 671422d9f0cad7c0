using System.Text.Json;
using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

public sealed class CommandLineTests(NativeProgram program)
{
    [Theory]
    [InlineData("nope")]
    [InlineData("status", "--nope")]
    [InlineData("status", "a", "b")]
    [InlineData("status", "--lang", "xx")]
    [InlineData("extend")]
    [InlineData("extend", "--for", "abc")]
    [InlineData("extend", "--for", "10")]
    [InlineData("report", "--format", "pdf")]
    [InlineData]
    public async Task A_mistake_on_the_command_line_ends_with_4_and_changes_nothing(params string[] arguments)
    {
        using var place = new Workplace(program);
        var result = await place.RunAsync(arguments);
        Assert.Equal(4, result.ExitCode);
        Assert.False(Directory.Exists(place.State));
    }

    [Fact]
    public async Task The_version_is_told_to_people_and_machines()
    {
        using var place = new Workplace(program);
        Assert.Matches(@"^tidelock \d+\.\d+\.\d+\n$", (await place.RunAsync("version")).Output);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", (await place.RunAsync("--version")).Output);
        using var json = JsonDocument.Parse((await place.RunAsync("version", "--json")).Output);
        Assert.Matches(@"^\d+\.\d+\.\d+$", json.RootElement.GetProperty("version").GetString());
    }

    [Fact]
    public async Task The_schema_is_json()
    {
        using var place = new Workplace(program);
        using var schema = JsonDocument.Parse((await place.RunAsync("schema")).Output);
        Assert.True(schema.RootElement.GetProperty("properties").TryGetProperty("migration", out _));
    }

    [Fact]
    public async Task Bash_completes_verbs_and_options_with_the_printed_script()
    {
        using var place = new Workplace(program);
        var script = """
            set -e
            ln -s "$1" tidelock; PATH=$PWD:$PATH
            source <(tidelock completion bash)
            complete_line() { COMP_LINE=$1; COMP_POINT=${#1}; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tidelock; printf '%s\n' "${COMPREPLY[@]}"; }
            complete_line "tidelock roll"
            complete_line "tidelock deploy --over"
            """;
        var bash = new ChildProgram("bash", "-c", script, "complete", program.Path) with
        {
            WorkingFolder = place.Folder,
        };
        var result = await bash.RunAsync(default);
        Assert.Equal(["rollback", "--override"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task An_unreadable_journal_is_named_and_ends_with_2()
    {
        using var place = new Workplace(program);
        var journal = Path.Combine(place.Folder, "not-a-journal");
        await File.WriteAllTextAsync(journal, new string('x', 5000));
        var result = await place.RunAsync("status", "--journal", journal);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(journal, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_runs_status_says_where_it_looked()
    {
        using var place = new Workplace(program);
        var result = await place.RunAsync("status");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(place.State, result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_for_a_run_that_is_not_there_ends_with_4()
    {
        using var place = new Workplace(program);
        Assert.Equal(4, (await place.RunAsync("abort", "01ARZ3NDEK")).ExitCode);
        Assert.Equal(4, (await place.RunAsync("continue")).ExitCode);
    }
}
