using System.CommandLine;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>A person says that a change must not be made. Needs no database.</summary>
internal sealed class DenyVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly Option<string?> reason;

    public DenyVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("deny", texts.Render("cli.deny.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        Add(
            reason = new Option<string?>("--reason")
            {
                Description = texts.Render("cli.deny.reason-option"),
                HelpName = "TEXT",
            }
        );
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (change.ReadWithoutDatabase(context) is not var (read, environment))
        {
            return EndLine.PrintMistaken(context);
        }

        var by = await Person.OfAsync(context.Arguments.GetValue(change.By), context.Variables, cancellation);
        var services = await context.ServicesAsync(cancellation);
        await new GateWords(context, services, read, environment).DenyAsync(
            by,
            context.Arguments.GetValue(reason),
            cancellation
        );
        context.Terminal.Say(
            Message.Of(
                "cli.deny.done",
                ("by", by),
                ("change", read.Name),
                ("environment", environment),
                ("digest", read.Digest[..12])
            )
        );
        return ExitCode.Done;
    }
}
