using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Diagnoses;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Looks at a change's view that is missing or slow. Only with <c>--repair</c> it makes a missing one again.</summary>
internal sealed class DiagnoseVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly Option<bool> repair;
    private readonly Option<string?> confirm;

    public DiagnoseVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("diagnose", texts.Render("cli.diagnose.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        Add(repair = new Option<bool>("--repair") { Description = texts.Render("cli.diagnose.repair") });
        Add(confirm = DatabaseName.Make(texts));
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        var migration = request.Change.Section<Migration>();
        if ((migration.Relation ?? request.Change.Section<Contract>().Relation) is not { } relation)
        {
            context.Terminal.Problem(Message.Of("cli.diagnose.no-relation", ("change", request.Change.Name)));
            return EndLine.PrintMistaken(context);
        }

        await using var session = await PostgresSession.OpenAsync(request.Target, "tidelock/diagnose", cancellation);
        var seen = await RelationExamination.ExamineAsync(session, relation, context.Time, cancellation);
        context.Terminal.Show([.. new DiagnosisScreen(context.Terminal.Words).Rows(seen, request.Target)]);
        if (context.Arguments.GetValue(repair))
        {
            return await RepairAsync(context, session, request, migration, seen, cancellation);
        }

        return seen.IsMissing || seen.ReadProblem is not null ? ExitCode.NeedsPerson : ExitCode.Done;
    }

    private async Task<ExitCode> RepairAsync(
        VerbContext context,
        PostgresSession session,
        DeploymentRequest request,
        Migration migration,
        RelationDiagnosis seen,
        CancellationToken cancellation
    )
    {
        if (!seen.IsMissing)
        {
            context.Terminal.Problem(Message.Of("cli.diagnose.not-missing", ("relation", seen.Relation)));
            return ExitCode.Refused;
        }

        DatabaseName.Require(context, request.Target.Database, context.Arguments.GetValue(confirm));
        var outcome = await new MigrationTransaction(context.Time).RunAsync(
            session,
            migration.Forward(null),
            migration.Locks,
            (_, _) => Task.CompletedTask,
            null,
            context.Terminal.Say,
            cancellation
        );
        if (outcome is MigrationOutcome.Applied)
        {
            context.Terminal.Say(outcome.Finding);
            return ExitCode.Done;
        }

        context.Terminal.Problem(outcome.Finding);
        return ExitCode.NeedsPerson;
    }
}
