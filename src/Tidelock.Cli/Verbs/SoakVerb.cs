using System.CommandLine;
using System.Runtime.InteropServices;
using Tidelock.Cli.Running;
using Tidelock.Deployments;
using Tidelock.Evidence.Keeping;
using Tidelock.Evidence.Soaking;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Goes on looking at a change after its run was completed, until it was seen for long enough; or looks once, for cron.</summary>
internal sealed class SoakVerb : Verb
{
    private static readonly TimeSpan Usual = TimeSpan.FromMinutes(5);

    private readonly ChangeOptions change;
    private readonly Option<TimeSpan?> @for;
    private readonly Option<TimeSpan?> every;
    private readonly Option<bool> once;

    public SoakVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("soak", texts.Render("cli.soak.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        Add(@for = DurationOption.Make("--for", texts.Render("cli.soak.for"), texts));
        Add(every = DurationOption.Make("--every", texts.Render("cli.soak.every"), texts));
        Add(once = new Option<bool>("--once") { Description = texts.Render("cli.soak.once") });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        using var stop = new StopSignals([PosixSignal.SIGINT, PosixSignal.SIGTERM], cancellation);
        try
        {
            return await LookAsync(context, request, stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            return EndLine.Show(context, ExitCode.Refused, Message.Of("cli.soak.stopped"));
        }
    }

    private async Task<ExitCode> LookAsync(
        VerbContext context,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var services = await context.ServicesAsync(cancellation);
        var soaking = services.Soaking;
        var keeper = new EvidenceKeeper(request.Change, services.Journal, context.Time);
        var options = request.Change.Section<GateOptions>().Staging;
        var needed = context.Arguments.GetValue(@for) ?? options.Soak;
        var pause = context.Arguments.GetValue(every) ?? (Usual < options.Gap / 3 ? Usual : options.Gap / 3);
        while (true)
        {
            var (look, refusal) = await soaking.LookAsync(request, context.Terminal.Problem, cancellation);
            if (look is null)
            {
                return EndLine.Show(context, ExitCode.Refused, refusal!);
            }

            RunView.Tell(context, await keeper.SignedAsync(new RunId(look.Run), cancellation));
            var standing = (await soaking.StandingAsync(request, cancellation))!;
            if (Ended(context, look, standing, needed) is var (exitCode, finding))
            {
                return EndLine.Show(context, exitCode, finding);
            }

            await Task.Delay(pause, context.Time, cancellation);
        }
    }

    /// <summary>Whether this look was the last one.</summary>
    private (ExitCode, Message)? Ended(VerbContext context, SoakLook look, SoakStanding standing, TimeSpan needed)
    {
        var isOnce = context.Arguments.GetValue(once);
        var found = Found(look, standing, needed);
        if (look.Breaches.Count > 0)
        {
            return (ExitCode.NeedsPerson, found);
        }

        if (look.Unseen.Count > 0 && isOnce)
        {
            return (ExitCode.Refused, found);
        }

        if (isOnce || (look.Unseen.Count == 0 && standing.Longest.Lasted >= needed))
        {
            return (ExitCode.Done, found);
        }

        if (!context.Json)
        {
            context.Terminal.Say(found);
        }

        return null;
    }

    private static Message Found(SoakLook look, SoakStanding standing, TimeSpan needed) =>
        Message.Of(
            look switch
            {
                { Breaches.Count: > 0 } => "cli.soak.breached",
                { Unseen.Count: > 0 } => "cli.soak.unseen",
                _ when standing.Longest.Lasted >= needed => "cli.soak.done",
                _ => "cli.soak.fine",
            },
            ("at", look.At),
            ("what", look.Breaches.Concat(look.Unseen).ToList() is [_, ..] found ? Several.Of(found) : null),
            ("for", standing.Current.Lasted),
            ("longest", standing.Longest.Lasted),
            ("needed", needed),
            ("looks", standing.Looks)
        );
}
