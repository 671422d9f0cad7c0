using Tidelock.Checks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S6 and S7: everything the author declared to be looked at after the migration. All of it is run; one failure fails the step.</summary>
internal sealed class CheckingStep(string name, Func<Changes.Change, IReadOnlyList<Check>> declared, Ground ground)
    : IStep
{
    public string Name => name;

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var checks = declared(context.Change);
        if (checks.Count == 0)
        {
            return StepOutcome.Passed(Message.Of("steps.checks.none"));
        }

        var results = await CheckRunner
            .RunAsync(checks, ground.AfterBaseline(context), context.Report, cancellation)
            .ConfigureAwait(false);
        foreach (var result in results)
        {
            await context
                .RecordAsync("check: " + result.Name, result, StepsJson.Default.CheckResult, cancellation)
                .ConfigureAwait(false);
        }

        return results.FirstOrDefault(r => !r.Passed) is { } failed
            ? StepOutcome.Failed(Message.Of("steps.check-failed", ("name", failed.Name), ("finding", failed.Finding)))
            : StepOutcome.Passed(Message.Of("steps.checks.passed", ("count", checks.Count)));
    }
}
