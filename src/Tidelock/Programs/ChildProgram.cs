using System.Text;
using CliWrap;
using CliWrap.Buffered;
using CliWrap.Exceptions;
using Tidelock.Texts;

namespace Tidelock.Programs;

/// <summary>
/// One child program, described: path, arguments (never a secret), environment (where secrets travel), working folder.
/// This folder is the only one that starts processes.
/// </summary>
/// <param name="Path">Absolute path, or a name looked up in PATH.</param>
/// <param name="Arguments">Arguments as they appear in argv, so nothing secret.</param>
/// <param name="Environment">Variables set for the child in addition to ours; null removes one.</param>
/// <param name="WorkingFolder">Where it runs; null for the current folder.</param>
public sealed record ChildProgram(
    string Path,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string?> Environment,
    string? WorkingFolder = null
)
{
    public ChildProgram(string path, params IReadOnlyList<string> arguments)
        : this(path, arguments, new Dictionary<string, string?>(StringComparer.Ordinal)) { }

    /// <summary>
    /// Runs to the end and returns exit code and output, whatever the exit code is. Cancelling first interrupts, then kills.
    /// </summary>
    /// <exception cref="TidelockException"><c>programs.not-found</c> when there is no such program.</exception>
    public async Task<ProgramResult> RunAsync(CancellationToken cancellation)
    {
        try
        {
            var result = await Describe()
                .WithValidation(CommandResultValidation.None)
                .ExecuteBufferedAsync(Encoding.UTF8, cancellation)
                .ConfigureAwait(false);
            return new ProgramResult(
                this,
                result.ExitCode,
                result.StandardOutput,
                result.StandardError,
                result.RunTime
            );
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or CommandExecutionException)
        {
            throw new TidelockException(
                Message.Of("programs.not-found", ("program", Path), ("reason", e.Message)),
                ExitCode.Refused,
                e
            );
        }
    }

    /// <summary>Runs to the end and hands over each line of standard output and standard error as it comes.</summary>
    public async Task<int> RunAsync(Action<string> onLine, CancellationToken cancellation)
    {
        try
        {
            var result = await Describe()
                .WithValidation(CommandResultValidation.None)
                .WithStandardOutputPipe(PipeTarget.ToDelegate(onLine))
                .WithStandardErrorPipe(PipeTarget.ToDelegate(onLine))
                .ExecuteAsync(cancellation)
                .ConfigureAwait(false);
            return result.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new TidelockException(
                Message.Of("programs.not-found", ("program", Path), ("reason", e.Message)),
                ExitCode.Refused,
                e
            );
        }
    }

    private Command Describe()
    {
        var command = Cli.Wrap(Path).WithArguments(Arguments).WithEnvironmentVariables(Environment);
        return WorkingFolder is null ? command : command.WithWorkingDirectory(WorkingFolder);
    }
}
