using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Runs;

/// <summary>A step that does what the test says, each time it is run.</summary>
internal sealed class ScriptedStep(string name, Func<StepContext, CancellationToken, Task<StepOutcome>> script) : IStep
{
    private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Name => name;

    public int Runs { get; private set; }

    /// <summary>Completes when the step was run for the first time.</summary>
    public Task Begun => begun.Task;

    public static ScriptedStep Passing(string name) =>
        new(name, (_, _) => Task.FromResult(StepOutcome.Passed(Message.Of("test.passed"))));

    public static ScriptedStep Ending(string name, StepResult result) =>
        new(name, (_, _) => Task.FromResult(new StepOutcome(result, Message.Of("test.ended"))));

    /// <summary>Runs until it is stopped.</summary>
    public static ScriptedStep Waiting(string name) =>
        new(
            name,
            async (_, stop) =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );

    public static ScriptedStep Throwing(string name, Exception e) => new(name, (_, _) => throw e);

    /// <summary>Puts the change in place.</summary>
    public static ScriptedStep Migrating() =>
        new(
            "migrate",
            async (context, stop) =>
            {
                await context.AppendAsync(new MigrationApplied("7", Message.Of("test.applied")), stop);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );

    /// <summary>Takes it back.</summary>
    public static ScriptedStep Reverting() =>
        new(
            "rollback.revert",
            async (context, stop) =>
            {
                await context.AppendAsync(new MigrationReverted("definition", Message.Of("test.reverted")), stop);
                return StepOutcome.Passed(Message.Of("test.passed"));
            }
        );

    public Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        Runs++;
        begun.TrySetResult();
        return script(context, cancellation);
    }
}
