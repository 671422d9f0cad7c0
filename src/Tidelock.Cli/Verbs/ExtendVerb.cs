using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Lets a run watch for longer.</summary>
internal sealed class ExtendVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string> time;
    private readonly Option<string?> by;

    public ExtendVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("extend", texts.Render("cli.extend.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(
            time = new Option<string>("--for")
            {
                Description = texts.Render("cli.extend.for"),
                HelpName = "10m",
                Required = true,
            }
        );
        time.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && DurationText.TryParse(token.Value) is null)
            {
                result.AddError(texts.Render("cli.extend.form", ("text", token.Value)));
            }
        });
        Add(by = Person.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var named = context.Arguments.GetValue(run);
        var argument = context.Arguments.GetRequiredValue(time);
        return await new CommandSender(context).SendAsync(named, RunVerb.Extend, argument, who, cancellation);
    }
}
