using System.CommandLine;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Puts another criterion in the place of one that a run is watched by; a looser one takes two people.</summary>
internal sealed class BoundVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> from;
    private readonly Option<string?> to;
    private readonly Option<string?> reason;
    private readonly Option<string?> confirm;
    private readonly Option<string?> by;

    public BoundVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("bound", texts.Render("cli.bound.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(from = Text("--from", "CRITERION", texts.Render("cli.bound.from")));
        Add(to = Text("--to", "CRITERION", texts.Render("cli.bound.to")));
        Add(reason = Text("--reason", "TEXT", texts.Render("cli.bound.reason")));
        Add(confirm = Text("--confirm", "ID", texts.Render("cli.bound.confirm")));
        Add(by = Person.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(
            journal,
            context.Arguments.GetValue(run),
            s => s.Status is RunStatus.Running,
            cancellation
        );
        return context.Arguments.GetValue(confirm) is { Length: > 0 } named
            ? await ConfirmAsync(context, journal, id, named, who, cancellation)
            : await SendAsync(context, journal, id, RunVerb.Bound, Wish(context).Format(), who, cancellation);
    }

    private BoundWish Wish(VerbContext context) =>
        (context.Arguments.GetValue(from), context.Arguments.GetValue(to), context.Arguments.GetValue(reason))
            is ({ Length: > 0 } old, { Length: > 0 } wanted, { Length: > 0 } why)
            ? new BoundWish(old, wanted, why)
            : throw new TidelockException(Message.Of("cli.bound.incomplete"), ExitCode.Mistake);

    private static async Task<ExitCode> ConfirmAsync(
        VerbContext context,
        IJournal journal,
        RunId run,
        string named,
        string who,
        CancellationToken cancellation
    )
    {
        var state = await RunReader.StateAsync(journal, run, cancellation);
        return state.Bounds.Where(b => b.Standing is BoundStanding.Pending && IsNamed(b, named)).ToList() is [var one]
            ? await SendAsync(context, journal, run, RunVerb.Confirm, one.Wish, who, cancellation)
            : EndLine.Show(context, ExitCode.Refused, Message.Of("cli.bound.none-such", ("id", named), ("run", run)));
    }

    private static bool IsNamed(BoundChanged bound, string named) =>
        bound.Wish.StartsWith(named, StringComparison.OrdinalIgnoreCase);

    /// <summary>Sends, and says what became of the bound.</summary>
    private static async Task<ExitCode> SendAsync(
        VerbContext context,
        IJournal journal,
        RunId run,
        RunVerb verb,
        string argument,
        string who,
        CancellationToken cancellation
    )
    {
        var (_, command) = await new CommandSender(context).SendToLiveAsync(
            run.Value,
            verb,
            argument,
            who,
            cancellation
        );
        if (command is null)
        {
            return ExitCode.NeedsPerson;
        }

        var state = await RunReader.StateAsync(journal, run, cancellation);
        return state.Bounds.Find(b => string.Equals(b.CommandId, command, StringComparison.Ordinal)) is { } bound
            ? EndLine.Show(context, End(bound), Words(run, bound))
            : EndLine.Show(
                context,
                ExitCode.Refused,
                Message.Of("cli.bound.none-such", ("id", argument), ("run", run))
            );
    }

    private static ExitCode End(BoundChanged bound) =>
        bound.Standing switch
        {
            BoundStanding.Applied or BoundStanding.Withdrawn => ExitCode.Done,
            BoundStanding.Pending => ExitCode.Refused,
            BoundStanding.Refused => bound.Finding.Code is BoundChanged.NotWatching
                ? ExitCode.Refused
                : ExitCode.Mistake,
        };

    private static Message Words(RunId run, BoundChanged bound) =>
        bound.Standing is BoundStanding.Pending
            ? Message.Of("cli.bound.to-confirm", ("finding", bound.Finding), ("run", run), ("id", bound.Wish[..8]))
            : bound.Finding;

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };
}
