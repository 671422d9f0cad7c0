using System.CommandLine;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Tells a held or paused run to go on.</summary>
internal sealed class ContinueVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> by;

    public ContinueVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("continue", texts.Render("cli.continue.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(by = Person.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var named = context.Arguments.GetValue(run);
        return await new CommandSender(context).SendAsync(named, RunVerb.Continue, "", who, cancellation);
    }
}
