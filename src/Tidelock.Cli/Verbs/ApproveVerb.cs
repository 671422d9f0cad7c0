using System.CommandLine;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>A person approves a change for an environment, or vouches for another gate. Needs no database.</summary>
internal sealed class ApproveVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly Option<string> gate;
    private readonly Option<string?> note;

    public ApproveVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("approve", texts.Render("cli.approve.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        Add(
            gate = new Option<string>("--gate")
            {
                Description = texts.Render("cli.approve.gate"),
                HelpName = "NAME",
                DefaultValueFactory = _ => "approval",
            }
        );
        Add(note = new Option<string?>("--note") { Description = texts.Render("cli.option.note"), HelpName = "TEXT" });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var path = context.Arguments.GetRequiredValue(change.Change);
        if (ChangeOptions.Load(context, path, null) is not { } read)
        {
            return EndLine.PrintMistaken(context);
        }

        var environment = ChangeOptions.Named(read, context.Arguments.GetValue(change.Environment));
        var by = await Person.OfAsync(context.Arguments.GetValue(change.By), context.Variables, cancellation);
        var services = await context.ServicesAsync(cancellation);
        var name = context.Arguments.GetRequiredValue(gate);
        var words = new GateWords(
            context,
            services.Checklist,
            read,
            new WordBook(services.Journal, read.Digest, environment)
        );
        var shown = await words.ConfirmAsync(name, by, context.Arguments.GetValue(note) ?? "", cancellation);
        context.Terminal.Say(
            Message.Of(
                "cli.approve.done",
                ("gate", name),
                ("by", by),
                ("change", read.Name),
                ("environment", environment),
                ("digest", read.Digest[..12])
            )
        );
        if (shown is not null)
        {
            context.Terminal.Say(Message.Of("cli.approve.shown", ("at", shown.At), ("by", shown.By)));
        }

        return ExitCode.Done;
    }
}
