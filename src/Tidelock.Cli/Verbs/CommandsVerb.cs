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
        var pending = WaitingCommand.All(id, await journal.InboxAsync(id, cancellation), state);
        if (context.Arguments.GetValue(cancel) is not { } named)
        {
            Show(context, id, pending);
            return ExitCode.Done;
        }

        return pending.Where(c => c.Id.StartsWith(named, StringComparison.OrdinalIgnoreCase)).ToList() switch
        {
            [var one] => await WithdrawAsync(context, id, one, cancellation),
            [] => EndLine.Show(context, ExitCode.Refused, Message.Of("cli.commands.unknown", ("command", named))),
            _ => EndLine.Show(context, ExitCode.Mistake, Message.Of("cli.commands.ambiguous", ("command", named))),
        };
    }

    private static void Show(VerbContext context, RunId run, IReadOnlyList<WaitingCommand> pending)
    {
        if (context.Json)
        {
            foreach (var command in pending)
            {
                context.Terminal.Print(command.ToJson() + "\n");
            }

            return;
        }

        context.Terminal.Show([
            .. pending.Select(c => new Row(
                "●",
                c.Id[..8],
                context.Texts.Render(
                    Message.Of(
                        c.WaitsFor switch
                        {
                            WaitingFor.Program => "cli.commands.row",
                            WaitingFor.SecondPerson => "cli.commands.bound",
                        },
                        ("verb", c.Verb.ToString().ToLowerInvariant()),
                        ("argument", Argument(c)),
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

    private static string Argument(WaitingCommand command) =>
        command.Verb is RunVerb.Bound && BoundWish.Parse(command.Argument) is { } wish
            ? $"{wish.InsteadOf} → {wish.Criterion}"
            : command.Argument;

    /// <summary>Once a program has taken the withdrawal it is settled whether it came in time; where none runs, nobody takes the command any more.</summary>
    private async Task<ExitCode> WithdrawAsync(
        VerbContext context,
        RunId id,
        WaitingCommand command,
        CancellationToken cancellation
    )
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var journal = await context.JournalAsync(cancellation);
        await new CommandSender(context).TakenAsync(id, RunVerb.Withdraw, command.Id, who, cancellation);
        var state = await RunReader.StateAsync(journal, id, cancellation);
        return IsWithdrawn(command, state)
            ? EndLine.Show(context, ExitCode.Done, Message.Of("cli.commands.withdrawn", ("run", id)))
            : EndLine.Show(context, ExitCode.Refused, Message.Of("cli.commands.too-late", ("run", id)));
    }

    private static bool IsWithdrawn(WaitingCommand command, RunState state) =>
        command.WaitsFor switch
        {
            WaitingFor.Program => !state.TakenCommands.Contains(command.Id),
            WaitingFor.SecondPerson => state.Bounds.Exists(b =>
                b.Standing is BoundStanding.Withdrawn && string.Equals(b.Wish, command.Id, StringComparison.Ordinal)
            ),
        };
}
