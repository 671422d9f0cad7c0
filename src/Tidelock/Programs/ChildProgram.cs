using System.Text;
using CliWrap;
using Tidelock.Texts;

namespace Tidelock.Programs;

/// <summary>
/// One child program, described: path, arguments (never a secret), environment (where secrets travel), working folder.
/// This folder is the only one that starts processes. A child gets a session of its own, so that a terminal's Ctrl-C reaches
/// Tidelock alone, which then decides what becomes of its children.
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

    /// <summary>How long what the child left running may keep its output open once the child has ended; nobody listens to it then.</summary>
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Called once when the program runs, to journal who it is. When this fails, the child is ended and the failure is passed on.
    /// </summary>
    public Func<StartedChild, Task>? OnStarted { get; init; }

    /// <summary>What it reads on its standard input; null for nothing. Not part of argv, so it may be what nobody else should see.</summary>
    public byte[]? Input { get; init; }

    /// <summary>How long a cancelled child has between the interrupt and the kill.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Runs to the end and returns exit code and output, whatever the exit code is. Cancelling first interrupts the child and its
    /// own children, then kills them after <see cref="Grace"/>; it returns only when the child is gone.
    /// </summary>
    /// <exception cref="TidelockException">
    /// <c>programs.not-found</c> when there is no such program; <c>programs.outlived</c> when it could not be ended.
    /// </exception>
    public async Task<ProgramResult> RunAsync(CancellationToken cancellation)
    {
        var output = new StringBuilder();
        var errors = new StringBuilder();
        var result = await ExecuteAsync(Collect(output), Collect(errors), cancellation).ConfigureAwait(false);
        return new ProgramResult(this, result.ExitCode, Text(output), Text(errors), result.RunTime);
    }

    /// <summary>Somebody may still write while the text is read.</summary>
    private static PipeTarget Collect(StringBuilder text) =>
        PipeTarget.Create(
            async (source, cancellation) =>
            {
                using var reader = new StreamReader(source, Encoding.UTF8, leaveOpen: true);
                var buffer = new char[4096];
                while (await reader.ReadAsync(buffer, cancellation).ConfigureAwait(false) is var read and > 0)
                {
                    lock (text)
                    {
                        text.Append(buffer, 0, read);
                    }
                }
            }
        );

    private static string Text(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    /// <summary>
    /// Runs to the end and hands over each line of standard output and standard error as it comes, one at a time; returns the exit code.
    /// </summary>
    /// <exception cref="TidelockException"><c>programs.not-found</c> when there is no such program.</exception>
    public async Task<int> RunAsync(Action<string> onLine, CancellationToken cancellation)
    {
        var one = new Lock();
        var lines = PipeTarget.ToDelegate(
            line =>
            {
                lock (one)
                {
                    onLine(line);
                }
            },
            Encoding.UTF8
        );
        return (await ExecuteAsync(lines, lines, cancellation).ConfigureAwait(false)).ExitCode;
    }

    /// <summary>Runs to the end and hands over standard output and standard error as they come; returns the exit code.</summary>
    /// <param name="output">Reads standard output to its end.</param>
    /// <param name="errors">Reads standard error to its end.</param>
    /// <param name="cancellation">Interrupts the child, and kills it after <see cref="Grace"/>.</param>
    /// <exception cref="TidelockException"><c>programs.not-found</c> when there is no such program.</exception>
    internal async Task<int> RunAsync(
        Func<Stream, CancellationToken, Task> output,
        Func<Stream, CancellationToken, Task> errors,
        CancellationToken cancellation
    ) =>
        (
            await ExecuteAsync(PipeTarget.Create(output), PipeTarget.Create(errors), cancellation).ConfigureAwait(false)
        ).ExitCode;

    private async Task<CommandResult> ExecuteAsync(PipeTarget output, PipeTarget errors, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var kill = new CancellationTokenSource();
        using var deaf = new CancellationTokenSource();
        var running = Start(Until(output, deaf.Token), Until(errors, deaf.Token), kill.Token);
        var child = StartedChild.Of(running.ProcessId);
        await using var killing = kill.Token.Register(() => child.Signal(Signals.Kill)).ConfigureAwait(false);
        await using var interrupting = cancellation
            .Register(() =>
            {
                child.Signal(Signals.Interrupt);
                kill.CancelAfter(Grace);
            })
            .ConfigureAwait(false);
        await AnnounceAsync(child, running, kill).ConfigureAwait(false);
        await StopListeningAsync(child, running.Task, deaf).ConfigureAwait(false);
        try
        {
            var result = await running.Task.ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            return result;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            ThrowIfOutlived(child);
            throw new OperationCanceledException(cancellation);
        }
    }

    /// <summary>Another user's, sudo's for one, may not be ended by us: it is not taken for ended.</summary>
    internal void ThrowIfOutlived(StartedChild child)
    {
        if (child.IsRunning)
        {
            throw new TidelockException(
                Message.Of("programs.outlived", ("program", Path), ("pid", child.ProcessId)),
                Tidelock.ExitCode.NeedsPerson
            );
        }
    }

    private static PipeTarget Until(PipeTarget target, CancellationToken deaf) =>
        PipeTarget.Create(
            async (source, cancellation) =>
            {
                try
                {
                    await target.CopyFromAsync(source, cancellation).WaitAsync(deaf).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (deaf.IsCancellationRequested)
                {
                    // The child has ended and said all it had to say.
                }
            }
        );

    /// <summary>Returns when all is read, or when the child has ended and its own children still hold the pipe after the grace.</summary>
    private static async Task StopListeningAsync(StartedChild child, Task running, CancellationTokenSource deaf)
    {
        while (child.IsRunning && !running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(Look, TimeProvider.System)).ConfigureAwait(false);
        }

        await Task.WhenAny(running, Task.Delay(OutputGrace, TimeProvider.System)).ConfigureAwait(false);
        await deaf.CancelAsync().ConfigureAwait(false);
    }

    private async Task AnnounceAsync(
        StartedChild child,
        CommandTask<CommandResult> running,
        CancellationTokenSource kill
    )
    {
        try
        {
            await (OnStarted?.Invoke(child) ?? Task.CompletedTask).ConfigureAwait(false);
        }
        catch
        {
            await kill.CancelAsync().ConfigureAwait(false);
            await ((Task)running.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private CommandTask<CommandResult> Start(PipeTarget output, PipeTarget errors, CancellationToken kill)
    {
        var program = ProgramPaths.Find(Path) ?? throw NotStarted(null);
        var command = InOwnSession(program).WithEnvironmentVariables(Environment);
        command = WorkingFolder is null ? command : command.WithWorkingDirectory(WorkingFolder);
        try
        {
            return command
                .WithValidation(CommandResultValidation.None)
                .WithStandardInputPipe(Input is null ? PipeSource.Null : PipeSource.FromBytes(Input))
                .WithStandardOutputPipe(output)
                .WithStandardErrorPipe(errors)
                .ExecuteAsync(kill);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw NotStarted(e);
        }
    }

    /// <summary>setsid replaces itself by the program, so the pid stays. Where it is missing the child shares our session.</summary>
    private Command InOwnSession(string program) =>
        ProgramPaths.Find("setsid") is { } setsid
            ? Cli.Wrap(setsid).WithArguments([program, .. Arguments])
            : Cli.Wrap(program).WithArguments(Arguments);

    private TidelockException NotStarted(Exception? inner) =>
        inner is null
            ? new(Message.Of("programs.not-found", ("program", Path)), ExitCode.Refused)
            : new(
                Message.Of("programs.not-started", ("program", Path), ("reason", inner.Message)),
                ExitCode.Refused,
                inner
            );
}
