using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>The commands sent to a run that no program has taken yet; takes one of them back.</summary>
internal sealed class CommandsVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> cancel;
    private readonly Option<string?> by;

    public CommandsVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("commands", texts.Render("cli.commands.help"), at)
    {
        Add(run = RunArgument.Make(texts, texts.Render("cli.argument.open-run")));
        Add(
            cancel = new Option<string?>("--cancel")
            {
                Description = texts.Render("cli.commands.cancel"),
                HelpName = "COMMAND",
            }
        );
        Add(by = Person.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(
            journal,
            context.Arguments.GetValue(run),
            s => s.Status is not RunStatus.Ended,
            cancellation
        );
        var state = await RunReader.StateAsync(journal, id, cancellation);
        IReadOnlyList<RunCommand> pending =
        [
            .. RunCommand
                .Pending(await journal.InboxAsync(id, cancellation), state)
                .Where(c => c.Verb is not RunVerb.Withdraw),
        ];
        if (context.Arguments.GetValue(cancel) is not { } named)
        {
            Show(context, id, pending);
            return ExitCode.Done;
        }

        return pending.Where(c => c.Id.StartsWith(named, StringComparison.OrdinalIgnoreCase)).ToList() switch
        {
            [var one] => await WithdrawAsync(context, one, cancellation),
            [] => EndLine.Show(context, ExitCode.Refused, Message.Of("cli.commands.unknown", ("command", named))),
            _ => EndLine.Show(context, ExitCode.Mistake, Message.Of("cli.commands.ambiguous", ("command", named))),
        };
    }

    private static void Show(VerbContext context, RunId run, IReadOnlyList<RunCommand> pending)
    {
        if (context.Json)
        {
            foreach (var command in pending)
            {
                context.Terminal.Print(WaitingCommand.Of(command).ToJson() + "\n");
            }

            return;
        }

        context.Terminal.Show([
            .. pending.Select(c => new Row(
                "●",
                c.Id[..8],
                context.Texts.Render(
                    Message.Of(
                        "cli.commands.row",
                        ("verb", c.Verb.ToString().ToLowerInvariant()),
                        ("argument", c.Argument),
                        ("by", c.By),
                        ("at", context.Terminal.Words.Time(c.SentAt))
                    )
                )
            )),
        ]);
        if (pending.Count == 0)
        {
            context.Terminal.Say(Message.Of("cli.commands.none", ("run", run)));
        }
    }

    /// <summary>Once a program has taken the withdrawal it is settled whether it came in time; where none runs, nobody takes the command any more.</summary>
    private async Task<ExitCode> WithdrawAsync(VerbContext context, RunCommand command, CancellationToken cancellation)
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var journal = await context.JournalAsync(cancellation);
        await new CommandSender(context).TakenAsync(command.Run, RunVerb.Withdraw, command.Id, who, cancellation);
        var state = await RunReader.StateAsync(journal, command.Run, cancellation);
        return state.TakenCommands.Contains(command.Id)
            ? EndLine.Show(context, ExitCode.Refused, Message.Of("cli.commands.too-late", ("run", command.Run)))
            : EndLine.Show(context, ExitCode.Done, Message.Of("cli.commands.withdrawn", ("run", command.Run)));
    }
}
