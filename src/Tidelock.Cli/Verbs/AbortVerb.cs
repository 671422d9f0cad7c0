using System.CommandLine;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Gives a run up: nothing is applied any more, and what is in place is taken back.</summary>
internal sealed class AbortVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> by;

    public AbortVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("abort", texts.Render("cli.abort.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(by = Person.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var named = context.Arguments.GetValue(run);
        return await new CommandSender(context).SendAndFollowAsync(named, RunVerb.Abort, "", who, cancellation);
    }
}
