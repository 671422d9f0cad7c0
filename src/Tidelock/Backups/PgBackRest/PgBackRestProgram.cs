using System.Text.Json;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups.PgBackRest;

/// <summary>The program pgbackrest as a change starts it. Secrets come from its own configuration and environment.</summary>
/// <param name="options">As the change has them.</param>
/// <param name="folder">The change's, where it runs and from where a relative configuration file is meant.</param>
/// <param name="time">The clock.</param>
internal sealed class PgBackRestProgram(PgBackRestOptions options, string folder, TimeProvider time)
{
    /// <summary>How long it may take to tell what is there: a repository that hangs must not hold the run.</summary>
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(30);

    /// <summary>What it prints is what was asked for, whatever its configuration says of logging.</summary>
    private static readonly string[] Quiet = ["--log-level-console=off", "--log-level-stderr=warn"];

    /// <summary>The words of one command line, as a person would type them.</summary>
    public IReadOnlyList<string> Words(params IReadOnlyList<string> arguments) =>
        [Start(options.Program[0]), .. options.Program.Skip(1), .. Given(arguments)];

    /// <summary>The same for somebody who is already whom the program's first words make of its caller: <c>sudo</c> is not his to use.</summary>
    public IReadOnlyList<string> OwnWords(params IReadOnlyList<string> arguments) =>
        [Start(options.Program[^1]), .. Given(arguments)];

    private IEnumerable<string> Given(IReadOnlyList<string> arguments) =>
        [
            .. options.Config is { } config ? ["--config=" + Path.GetFullPath(config, folder)] : Array.Empty<string>(),
            "--stanza=" + options.Stanza,
            .. arguments,
        ];

    /// <summary>The program with these words, to be run.</summary>
    public ChildProgram Child(params IReadOnlyList<string> arguments)
    {
        var words = Words(arguments);
        return new ChildProgram(words[0], [.. words.Skip(1)]) { WorkingFolder = folder };
    }

    /// <summary>Null where it did not end in time; it is ended then.</summary>
    /// <exception cref="TidelockException"><c>programs.not-found</c>, <c>programs.outlived</c>.</exception>
    public async Task<ProgramResult?> RunAsync(
        TimeSpan within,
        CancellationToken cancellation,
        params IReadOnlyList<string> arguments
    )
    {
        var program = Child([.. Quiet, .. arguments]);
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            return await program.RunAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Asks for what is there.</summary>
    /// <exception cref="TidelockException"><see cref="Silent"/>, and as <see cref="RunAsync"/>.</exception>
    public async Task<ProgramResult> LookAsync(
        string command,
        CancellationToken cancellation,
        params IReadOnlyList<string> arguments
    ) =>
        await RunAsync(LookLimit, cancellation, arguments).ConfigureAwait(false)
        ?? throw new TidelockException(
            Message.Of(Silent, ("command", command), ("stanza", options.Stanza), ("limit", LookLimit)),
            ExitCode.Refused
        );

    internal const string Silent = "backups.backrest.silent";

    /// <summary>The names of all files that are archived of a server; null where the program does not tell.</summary>
    public async Task<IReadOnlySet<string>?> ArchivedAsync(
        string archive,
        int repository,
        CancellationToken cancellation
    )
    {
        var listed = await LookAsync(
                "repo-ls",
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
        var read = await LookAsync(
                "repo-get",
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

    internal static string Repository(int number) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"--repo={number}");
}
