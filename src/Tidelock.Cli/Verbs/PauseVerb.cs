using System.CommandLine;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Lets a run wait before its change is made, or its watch go on until somebody says that it may end.</summary>
internal sealed class PauseVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> by;

    public PauseVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("pause", texts.Render("cli.pause.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(by = Person.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var named = context.Arguments.GetValue(run);
        return await new CommandSender(context).SendAsync(named, RunVerb.Pause, "", who, cancellation);
    }
}
