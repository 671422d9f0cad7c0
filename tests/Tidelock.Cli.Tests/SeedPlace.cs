using System.Text.RegularExpressions;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Tests.House;

namespace Tidelock.Cli.Tests;

/// <summary>
/// A copy of the repository's scripts and of the example, with the native binary as its <c>./tidelock</c>. Only the times are other
/// than in the example: nobody waits for half an hour here, nor for a day on staging, and a busy machine is no slow query.
/// </summary>
internal sealed partial class SeedPlace : IDisposable
{
    private readonly Workplace place;

    public SeedPlace(NativeProgram program)
    {
        place = new Workplace(program);
        place.Variables["STAGING_DATABASE_URL"] = null;
        place.Variables["TERM"] = "xterm";
        Copy("scripts");
        Copy(Path.Combine("examples", "attempt-view-v1"));
        File.CreateSymbolicLink(Path.Combine(place.Folder, "tidelock"), program.Path);
        Edit("soak: 24h", "soak: 1s");
        Edit("within: 2x baseline", "within: 20s");
        Edit("read_time < 500ms", "read_time < 20s");
        Edit("read_time > 500ms", "read_time > 20s");
        Edit("before: 30m", "before: 1s");
        Edit("  for: 30m\n  every: 5s\n", "  for: 6s\n  every: 500ms\n  baseline: 3s\n");
        File.WriteAllText(ChangeFile, CriterionWindow().Replace(File.ReadAllText(ChangeFile), "for 3s"));
    }

    public string Folder => place.Folder;

    public string Example => Path.Combine(Folder, "examples", "attempt-view-v1");

    /// <summary>What the program sees beside the test's own variables.</summary>
    public Dictionary<string, string?> Variables => place.Variables;

    private string ChangeFile => Path.Combine(Example, "change.yaml");

    /// <summary>Writes another text in place of one that the example's change or its policy has.</summary>
    public void Edit(string text, string with)
    {
        string[] files = [ChangeFile, Path.Combine(Example, "tidelock.yaml")];
        var having = files.Where(f => File.ReadAllText(f).Contains(text, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(having);
        having.ForEach(f => File.WriteAllText(f, File.ReadAllText(f).Replace(text, with, StringComparison.Ordinal)));
    }

    /// <summary>The database before the change, with 200 results.</summary>
    public async Task LoadAsync(TestDatabase database)
    {
        await database.ExecuteAsync(await File.ReadAllTextAsync(Path.Combine(Example, "database.sql")));
        var rows = await File.ReadAllTextAsync(Path.Combine(Example, "generate.sql"));
        await database.ExecuteAsync($"set seedtest.results = '200';\n{rows}");
    }

    /// <summary>Types a command line at the repository's root; what is piped into it stands in <paramref name="input"/>.</summary>
    public Task<ProgramResult> PipedAsync(string database, string line, string input = "") =>
        BashAsync(database, "printf '%s' \"$1\" | eval \"$2\"", input, line);

    /// <summary>Types a command line in a terminal, and then what it asks for, a line each.</summary>
    public Task<ProgramResult> TypedAsync(string database, string line, params string[] answers) =>
        // The terminal stays open until the command has ended: a person does not hang up after the last answer.
        BashAsync(
            database,
            "{ printf '%s' \"$1\"; while [ ! -e ended ]; do sleep 0.1; done; } | "
                + "{ code=0; script -qefc \"timeout --foreground 300 $2\" /dev/null || code=$?; : >ended; exit $code; }",
            string.Concat(answers.Select(a => a + "\n")),
            line
        );

    public void Dispose() => place.Dispose();

    private async Task<ProgramResult> BashAsync(string database, string script, string input, string line)
    {
        File.Delete(Path.Combine(Folder, "ended"));
        var child = place.Child("-c", "set -o pipefail; " + script, "seed", input, line);
        var variables = new Dictionary<string, string?>(child.Environment) { ["DATABASE_URL"] = database };
        return await (child with { Path = "bash", Environment = variables }).RunAsync(default);
    }

    private void Copy(string folder)
    {
        var from = Path.Combine(Repository.Root, folder);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Repository.Root, file);
            if (!Built().IsMatch(name))
            {
                Directory.CreateDirectory(Path.Combine(Folder, Path.GetDirectoryName(name)!));
                File.Copy(file, Path.Combine(Folder, name));
            }
        }
    }

    [GeneratedRegex("for (?:5|10)m", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CriterionWindow();

    [GeneratedRegex("/(bin|obj)/", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Built();
}
