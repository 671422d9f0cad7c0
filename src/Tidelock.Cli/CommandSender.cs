using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Puts a command into a run's inbox and waits until the program that runs it has taken it.</summary>
internal sealed class CommandSender(VerbContext context)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public async Task<ExitCode> SendAsync(
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
            context.Terminal.Problem(Message.Of("cli.command.not-running", ("run", id)));
            return ExitCode.Refused;
        }

        if (await IsTakenAsync(id, verb, argument, by, cancellation))
        {
            context.Terminal.Say(Message.Of("cli.command.taken", ("run", id)));
            return ExitCode.Done;
        }

        context.Terminal.Problem(
            Message.Of("cli.command.nobody", ("run", id), ("host", state.Host), ("waited", Patience))
        );
        return ExitCode.NeedsPerson;
    }

    /// <summary>Sends, and says whether a program took the command within the patience.</summary>
    public async Task<bool> IsTakenAsync(
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
        return await IsTakenAsync(journal, command, cancellation);
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
