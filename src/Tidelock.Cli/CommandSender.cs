using Tidelock.Cli.Running;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Puts a command into a run's inbox and waits until the program that runs it has taken it.</summary>
internal sealed class CommandSender(VerbContext context)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /// <summary>Says that it was taken, or why nobody takes it.</summary>
    public async Task<ExitCode> SendAsync(
        string? run,
        RunVerb verb,
        string argument,
        string by,
        CancellationToken cancellation
    )
    {
        var (id, command) = await SendToLiveAsync(run, verb, argument, by, cancellation);
        if (command is null)
        {
            return ExitCode.NeedsPerson;
        }

        context.Terminal.Say(Message.Of("cli.command.taken", ("run", id)));
        return ExitCode.Done;
    }

    /// <summary>The same for a command that ends the run: stays until it has ended, and ends as it does.</summary>
    public async Task<ExitCode> SendAndFollowAsync(
        string? run,
        RunVerb verb,
        string argument,
        string by,
        CancellationToken cancellation
    )
    {
        var (id, command) = await SendToLiveAsync(run, verb, argument, by, cancellation);
        return command is null ? ExitCode.NeedsPerson : await FollowAsync(id, command, cancellation);
    }

    /// <summary>Shows the rest of a run that has taken a command, and ends as it does.</summary>
    public async Task<ExitCode> FollowAsync(RunId run, string command, CancellationToken cancellation)
    {
        var services = await context.ServicesAsync(cancellation);
        return await new RunView(context).LookOnAsync(
            terminal => services.Deployment.FollowAsync(run, command, terminal, cancellation),
            cancellation
        );
    }

    /// <summary>Sends; the command's id, or null when no program took it within the patience.</summary>
    public async Task<string?> TakenAsync(
        RunId run,
        RunVerb verb,
        string argument,
        string by,
        CancellationToken cancellation
    )
    {
        var journal = await context.JournalAsync(cancellation);
        var command = new RunCommand(Guid.NewGuid().ToString("N"), run, verb, argument, by, context.Time.GetUtcNow());
        await journal.SendAsync(command, cancellation);
        return await IsTakenAsync(journal, command, cancellation) ? command.Id : null;
    }

    /// <summary>Sends to a run that is running; says why where no program took it.</summary>
    /// <exception cref="TidelockException">The run is not running.</exception>
    public async Task<(RunId Run, string? Command)> SendToLiveAsync(
        string? run,
        RunVerb verb,
        string argument,
        string by,
        CancellationToken cancellation
    )
    {
        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(journal, run, s => s.Status is RunStatus.Running, cancellation);
        var state = await RunReader.StateAsync(journal, id, cancellation);
        if (state.Status is not RunStatus.Running)
        {
            throw new TidelockException(Message.Of("cli.command.not-running", ("run", id)), ExitCode.Refused);
        }

        var command = await TakenAsync(id, verb, argument, by, cancellation);
        if (command is null)
        {
            context.Terminal.Problem(
                Message.Of("cli.command.nobody", ("run", id), ("host", state.Host), ("waited", Patience))
            );
        }

        return (id, command);
    }

    private async Task<bool> IsTakenAsync(IJournal journal, RunCommand command, CancellationToken cancellation)
    {
        var until = context.Time.GetUtcNow() + Patience;
        while (context.Time.GetUtcNow() < until)
        {
            var state = await RunReader.StateAsync(journal, command.Run, cancellation);
            if (state.TakenCommands.Contains(command.Id))
            {
                return true;
            }

            await Task.Delay(Look, context.Time, cancellation);
        }

        return false;
    }
}
