using Tidelock.Migrations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>Goes back by the rollback's method, exactly once.</summary>
internal sealed class RevertStep(IReadOnlyList<IRollbackMethod> methods) : IStep
{
    public const string StepName = "rollback.revert";

    public string Name => StepName;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var name = context.State.Rollback!.Method;
        var state = context.State;
        if (methods.FirstOrDefault(m => string.Equals(m.Name, name, StringComparison.Ordinal)) is not { } method)
        {
            var known = string.Join(", ", methods.Select(m => m.Name));
            return StepOutcome.NeedsPerson(
                Message.Of("steps.revert.no-such-method", ("method", name), ("methods", known))
            );
        }

        var watched = method.IsRestore ? null : RunBaseline.RelationOf(context.Change);
        await using var aftermath = await Aftermath
            .ExpectAsync(context, Name, watched, cancellation)
            .ConfigureAwait(false);
        if (!state.InPlace && !state.Doubted && state.RevertedAt >= state.Rollback!.At)
        {
            var already = Message.Of("steps.revert.already", ("method", name));
            return StepOutcome.Passed(await aftermath.WithAsync(already, cancellation).ConfigureAwait(false));
        }

        if (method.IsUndo)
        {
            return await UndoAsync(context, method, cancellation).ConfigureAwait(false);
        }

        if ((!state.InPlace || state.Doubted) && !method.HasBegun(context))
        {
            var standing = await Standing.AskAsync(context, cancellation).ConfigureAwait(false);
            if (standing.Where == Whereabouts.Before)
            {
                return await RevertedAsync(context, name, standing.Finding).ConfigureAwait(false);
            }

            if (!MayBeTaken(method, standing, context.Change.Section<Migration>()))
            {
                return StepOutcome.NeedsPerson(standing.Finding);
            }
        }

        await RunLater.RecordAsync(context, isOutdated: false, cancellation).ConfigureAwait(false);
        if (!method.IsRestore)
        {
            await CascadeLosses.RecordAsync(context, cancellation).ConfigureAwait(false);
        }

        var outcome = await method.RevertAsync(context, cancellation).ConfigureAwait(false);
        if (outcome.Result != StepResult.Passed)
        {
            return outcome;
        }

        var finding = await RunLater.ToldAsync(context, outcome.Finding, cancellation).ConfigureAwait(false);
        await RevertedAsync(context, name, finding).ConfigureAwait(false);
        return StepOutcome.Passed(await aftermath.WithAsync(finding, cancellation).ConfigureAwait(false));
    }

    private static async Task<StepOutcome> UndoAsync(
        StepContext context,
        IRollbackMethod method,
        CancellationToken cancellation
    )
    {
        if (context.State.UndoneAt >= context.State.Rollback!.At)
        {
            return StepOutcome.Passed(Message.Of("steps.revert.already", ("method", method.Name)));
        }

        var outcome = await method.RevertAsync(context, cancellation).ConfigureAwait(false);
        if (outcome.Result == StepResult.Passed)
        {
            await context
                .AppendAsync(new RollbackUndone(outcome.Finding), CancellationToken.None)
                .ConfigureAwait(false);
        }

        return outcome;
    }

    /// <summary>Whether a way leads back from where the database stands, as far as that is known.</summary>
    private static bool MayBeTaken(IRollbackMethod method, Standing standing, Migration migration) =>
        method.LeadsFromAnywhere
        || standing.Where == Whereabouts.Wanted
        || (standing.Where == Whereabouts.Elsewhere && migration.MayStopHalfway);

    private static async Task<StepOutcome> RevertedAsync(StepContext context, string method, Message finding)
    {
        await context.AppendAsync(new MigrationReverted(method, finding), CancellationToken.None).ConfigureAwait(false);
        return StepOutcome.Passed(finding);
    }
}
