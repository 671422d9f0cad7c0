using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Shows what a deployment would do and how its gates stand; changes nothing.</summary>
internal sealed class PlanVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly AtOptions planned;
    private readonly Option<bool> ddl;
    private readonly Option<bool> onTarget;

    public PlanVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("plan", texts.Render("cli.plan.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        planned = new AtOptions(texts);
        planned.AddTo(this);
        Add(ddl = new Option<bool>("--ddl") { Description = texts.Render("cli.plan.ddl.option") });
        Add(onTarget = new Option<bool>("--on-target") { Description = texts.Render("cli.plan.on-target.option") });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        request = planned.Read(context, request) with { OnTarget = context.Arguments.GetValue(onTarget) };
        var services = await context.ServicesAsync(cancellation);
        var plan = await services.Deployment.PlanAsync(request, cancellation);
        plan = await services.Deployment.ComparedAsync(request, plan, cancellation);
        if (context.Json)
        {
            context.Terminal.Print(PlanLine.Of(request, plan, context.Texts).ToJson() + "\n");
        }
        else
        {
            var screen = new PlanScreen(context.Terminal.Words);
            IEnumerable<Row> statements = context.Arguments.GetValue(ddl) ? screen.Statements(plan) : [];
            context.Terminal.Show([.. statements, .. screen.Rows(request, plan)]);
        }

        await planned.KeepAsync(context, request, Appointment.UsuallyPrepares, cancellation);
        return plan.Ready ? ExitCode.Done : ExitCode.Refused;
    }
}
