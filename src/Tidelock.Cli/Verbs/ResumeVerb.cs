using System.CommandLine;
using Tidelock.Cli.Running;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Goes on with a run whose program was killed, stopped or suspended.</summary>
internal sealed class ResumeVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> change;
    private readonly Option<string?> by;
    private readonly Option<bool> takeOver;

    public ResumeVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("resume", texts.Render("cli.resume.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(
            change = new Option<string?>("--change")
            {
                Description = texts.Render("cli.option.change"),
                HelpName = "FOLDER",
            }
        );
        Add(by = Person.Make(texts));
        Add(takeOver = new Option<bool>("--take-over") { Description = texts.Render("cli.resume.take-over") });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var services = await context.ServicesAsync(cancellation);
        var id = await RunArgument.FindAsync(
            services.Journal,
            context.Arguments.GetValue(run),
            s => s.Status is RunStatus.Running or RunStatus.Suspended,
            cancellation
        );
        var state = await RunReader.StateAsync(services.Journal, id, cancellation);
        var folder = context.Arguments.GetValue(change);
        var person = context.Arguments.GetValue(by);
        if (await RunRequestReader.ReadAsync(context, id, state, folder, person, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        return await new RunView(context) { Change = request.Change }.ShowAsync(
            terminal =>
                services.Deployment.ResumeAsync(
                    id,
                    request,
                    context.Arguments.GetValue(takeOver),
                    terminal,
                    cancellation
                ),
            cancellation
        );
    }
}
