using System.CommandLine;
using System.Runtime.InteropServices;
using Tidelock.Cli.Demo;
using Tidelock.Cli.Running;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Everything once, on a throwaway server: a good deployment, a bad one that is taken back. Leaves nothing running.</summary>
internal sealed class DemoVerb : Verb
{
    private readonly Option<bool> yes;

    public DemoVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("demo", texts.Render("demo.help"), at) =>
        Add(yes = new Option<bool>("--yes", "-y") { Description = texts.Render("demo.yes") });

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (!context.Arguments.GetValue(yes) && context.Terminal.CanAnswer)
        {
            context.Terminal.Say(Message.Of("demo.ask"));
            if (await Console.In.ReadLineAsync(cancellation) is null)
            {
                return ExitCode.Refused;
            }
        }

        using var stop = new StopSignals([PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP], cancellation);
        try
        {
            return await new DemoStory(context).TellAsync(stop.Token);
        }
        catch (Exception) when (stop.Token.IsCancellationRequested)
        {
            context.Terminal.Say(Message.Of("demo.stopped"));
            return ExitCode.Refused;
        }
    }
}
