using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Cli.Rendering;
using Tidelock.Cli.Running;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;
using StopAdvice = Tidelock.Evidence.StopAdvice;

namespace Tidelock.Cli.Verbs;

/// <summary>Shows the plan, and carries it out once the database's name has been typed.</summary>
internal sealed class DeployVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly AtOptions planned;
    private readonly Option<string?> prepare;
    private readonly Option<string?> confirm;
    private readonly Option<string[]> confirmGate;
    private readonly Option<string[]> overrideGate;
    private readonly Option<string?> note;
    private readonly Option<string?> reason;

    public DeployVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("deploy", texts.Render("cli.deploy.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        planned = new AtOptions(texts);
        planned.AddTo(this);
        Add(
            prepare = new Option<string?>("--prepare")
            {
                Description = texts.Render("cli.deploy.prepare"),
                HelpName = "30m",
            }
        );
        planned.Need(this, prepare);
        Validators.Add(result =>
        {
            if (result.GetValue(prepare) is { } text && DurationText.TryParse(text) is null)
            {
                result.AddError(texts.Render("cli.deploy.prepare-form", ("text", text)));
            }
        });
        Add(confirm = DatabaseName.Make(texts));
        Add(
            confirmGate = new Option<string[]>("--confirm-gate")
            {
                Description = texts.Render("cli.deploy.confirm-gate"),
                HelpName = "NAME",
            }
        );
        Add(note = new Option<string?>("--note") { Description = texts.Render("cli.option.note"), HelpName = "TEXT" });
        Add(
            overrideGate = new Option<string[]>("--override")
            {
                Description = texts.Render("cli.deploy.override"),
                HelpName = "NAME",
            }
        );
        Add(
            reason = new Option<string?>("--reason")
            {
                Description = texts.Render("cli.deploy.reason"),
                HelpName = "TEXT",
            }
        );
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        request = planned.Read(context, request);
        var services = await context.ServicesAsync(cancellation);
        await TakeWordsAsync(context, services, request, cancellation);
        var gates = await GatesAsync(context, services, request, cancellation);
        if (await IsRefusedAsync(context, services, request, gates, cancellation))
        {
            return ExitCode.Refused;
        }

        var prepares = DurationText.TryParse(context.Arguments.GetValue(prepare) ?? "") ?? Appointment.UsuallyPrepares;
        await planned.KeepAsync(context, request, prepares, cancellation);
        DatabaseName.Require(context, request.Target.Database, context.Arguments.GetValue(confirm));
        return await new RunView(context) { BeforeStart = Advice(request), Change = request.Change }.ShowAsync(
            terminal =>
                request.Appointment is null
                    ? services.Deployment.StartAsync(request, terminal, cancellation)
                    : services.Deployment.AppointAsync(
                        request,
                        prepares,
                        () => Again(context, request),
                        terminal,
                        cancellation
                    ),
            cancellation
        );
    }

    private static Change? Again(VerbContext context, DeploymentRequest request) =>
        ChangeOptions.Load(context, request.Change.Folder, request.TargetEnvironment.Name);

    /// <summary>The checklist; a person sees it within the plan.</summary>
    private static async Task<IReadOnlyList<GateStanding>> GatesAsync(
        VerbContext context,
        TidelockServices services,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        if (context.Json)
        {
            return await services.Deployment.ChecklistAsync(request, cancellation);
        }

        var plan = await services.Deployment.PlanAsync(request, cancellation);
        context.Terminal.Show([.. new PlanScreen(context.Terminal.Words).Rows(request, plan)]);
        return plan.Gates;
    }

    private async Task TakeWordsAsync(
        VerbContext context,
        TidelockServices services,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var words = GateWords.Of(context, services, request);
        foreach (var gate in context.Arguments.GetValue(confirmGate) ?? [])
        {
            var text = context.Arguments.GetValue(note) ?? "";
            await words.ConfirmAsync(gate, request.By, text, cancellation);
        }

        foreach (var gate in context.Arguments.GetValue(overrideGate) ?? [])
        {
            await words.OverrideAsync(gate, request.By, context.Arguments.GetValue(reason), cancellation);
        }
    }

    /// <summary>A gate that a person may vouch for is asked for where somebody can answer; the rest refuses.</summary>
    private static async Task<bool> IsRefusedAsync(
        VerbContext context,
        TidelockServices services,
        DeploymentRequest request,
        IReadOnlyList<GateStanding> gates,
        CancellationToken cancellation
    )
    {
        var refusing = gates.Where(g => g.Refuses).ToList();
        var words = GateWords.Of(context, services, request);
        foreach (var gate in refusing.Where(g => MayAsk(services, request.Change, g.Name)))
        {
            if (context.Terminal.CanAnswer && Ask(context, gate, request.By) is { Length: > 0 } said)
            {
                await words.ConfirmAsync(gate.Name, request.By, said, cancellation);
            }
        }

        if (refusing.Count > 0 && context.Terminal.CanAnswer)
        {
            refusing = [.. (await services.Deployment.ChecklistAsync(request, cancellation)).Where(g => g.Refuses)];
        }

        if (Deployment.Refusing(refusing, request.Appointment) is not { } refusal)
        {
            return false;
        }

        Tell(context, refusal, Advice(request));
        return true;
    }

    /// <summary>Whether the word of whoever runs the change would count.</summary>
    private static bool MayAsk(TidelockServices services, Change change, string gate) =>
        services.Checklist.Find(gate)?.MayBeConfirmed == true
        && (gate != ApprovalGate.Key || change.Section<GateOptions>().MayBeApprovedByExecutor);

    private static StopAdvice Advice(DeploymentRequest request) =>
        StopAdvice.BeforeStart(request.Change.Folder, request.TargetEnvironment.Name, request.Change.Contacts);

    private static string? Ask(VerbContext context, GateStanding gate, string by)
    {
        context.Terminal.Say(Message.Of("cli.gate.ask", ("gate", gate.Name), ("by", by)));
        context.Terminal.Output.Write("> ");
        context.Terminal.Output.Flush();
        return Console.In.ReadLine()?.Trim();
    }

    private static void Tell(VerbContext context, DeploymentEnd end, StopAdvice advice)
    {
        if (context.Json)
        {
            EndLine.Of(end, context.Texts).With(advice, context.Texts).Print(context.Terminal);
        }
        else
        {
            context.Terminal.Problem(end.Finding);
            context.Terminal.Show(new StopRows(context.Terminal.Words).Rows(advice));
        }
    }
}
