using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Cli.Verbs;

/// <summary>Lets a run watch for longer.</summary>
internal sealed class ExtendVerb : Verb
{
    private readonly Argument<string?> time;
    private readonly Argument<string?> run;
    private readonly Option<string?> named;
    private readonly Option<string?> by;

    public ExtendVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("extend", texts.Render("cli.extend.help"), at)
    {
        Add(
            time = new Argument<string?>("TIME")
            {
                Description = texts.Render("cli.extend.for"),
                Arity = ArgumentArity.ZeroOrOne,
            }.WithoutOptions(texts)
        );
        Add(run = RunArgument.Make(texts));
        Add(named = new Option<string?>("--for") { Description = texts.Render("cli.extend.named"), HelpName = "10m" });
        Add(by = Person.Make(texts));
        Validators.Add(result =>
        {
            var text = result.GetValue(named) ?? result.GetValue(time) ?? "";
            if (DurationText.TryParse(text) is not { } span)
            {
                result.AddError(texts.Render("cli.extend.form", ("text", text)));
            }
            else if (span > WatchRules.Longest)
            {
                result.AddError(texts.Render("cli.extend.too-long", ("time", span), ("most", WatchRules.Longest)));
            }
        });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var who = await Person.OfAsync(context.Arguments.GetValue(by), context.Variables, cancellation);
        var first = context.Arguments.GetValue(time);
        var second = context.Arguments.GetValue(run);
        var (argument, id) = context.Arguments.GetValue(named) is { } option
            ? (option, first ?? second)
            : (first!, second);
        return await new CommandSender(context).SendAsync(id, RunVerb.Extend, argument, who, cancellation);
    }
}
