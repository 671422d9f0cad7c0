using System.Text.Json;
using Tidelock.Programs;

namespace Tidelock.Backups.PgBackRest;

/// <summary>The program pgbackrest as a change starts it. Secrets come from its own configuration and environment.</summary>
/// <param name="options">As the change has them.</param>
/// <param name="folder">The change's, where it runs and from where a relative configuration file is meant.</param>
internal sealed class PgBackRestProgram(PgBackRestOptions options, string folder)
{
    /// <summary>What it prints is what was asked for, whatever its configuration says of logging.</summary>
    private static readonly string[] Quiet = ["--log-level-console=off", "--log-level-stderr=warn"];

    /// <summary>The words of one command line, as a person would type them.</summary>
    public IReadOnlyList<string> Words(params IReadOnlyList<string> arguments) =>
        [
            Start(options.Program[0]),
            .. options.Program.Skip(1),
            .. options.Config is { } config ? ["--config=" + Path.GetFullPath(config, folder)] : Array.Empty<string>(),
            "--stanza=" + options.Stanza,
            .. arguments,
        ];

    /// <exception cref="TidelockException"><c>programs.not-found</c>.</exception>
    public Task<ProgramResult> RunAsync(CancellationToken cancellation, params IReadOnlyList<string> arguments)
    {
        var words = Words([.. Quiet, .. arguments]);
        return new ChildProgram(words[0], [.. words.Skip(1)]) { WorkingFolder = folder }.RunAsync(cancellation);
    }

    /// <summary>The names of all files that are archived of a server; null where the program does not tell.</summary>
    public async Task<IReadOnlySet<string>?> ArchivedAsync(
        string archive,
        int repository,
        CancellationToken cancellation
    )
    {
        var listed = await RunAsync(
                cancellation,
                Repository(repository),
                "--recurse",
                "--output=json",
                "repo-ls",
                $"archive/{options.Stanza}/{archive}"
            )
            .ConfigureAwait(false);
        if (!listed.Succeeded)
        {
            return null;
        }

        try
        {
            var files = JsonSerializer.Deserialize(
                listed.Output,
                PgBackRestJson.Default.IReadOnlyDictionaryStringBackRestFile
            );
            return files?.Keys.Select(Path.GetFileName).OfType<string>().ToHashSet(StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A file of that archive; null where it is not there.</summary>
    public async Task<string?> ReadAsync(string archive, string file, int repository, CancellationToken cancellation)
    {
        var read = await RunAsync(
                cancellation,
                Repository(repository),
                "repo-get",
                $"archive/{options.Stanza}/{archive}/{file}"
            )
            .ConfigureAwait(false);
        return read.Succeeded ? read.Output : null;
    }

    /// <summary>A path is meant from the change's folder, a name is looked up.</summary>
    private string Start(string program) =>
        program.Contains('/', StringComparison.Ordinal) ? Path.GetFullPath(program, folder) : program;

    private static string Repository(int number) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"--repo={number}");
}
