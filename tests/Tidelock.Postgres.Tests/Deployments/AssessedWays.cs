using Tidelock.Deployments;
using Tidelock.Rollbacks;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>What a way back of a run would cost now, by a look from outside it.</summary>
internal static class AssessedWays
{
    public static async Task<RollbackAssessment> AssessAsync(
        this DeploymentFixture fixture,
        DeploymentEnd end,
        string way
    )
    {
        await using var services = await fixture.OpenAsync();
        var request = fixture.Request();
        var context = new StepContext(
            "rollback.revert",
            end.Run!.Value,
            request.Change,
            request.TargetEnvironment,
            request.Target,
            TimeProvider.System,
            new Looking(end.State!),
            fixture
        );
        var method = services.Rollbacks.Single(m => string.Equals(m.Name, way, StringComparison.Ordinal));
        return await method.AssessAsync(context, default);
    }

    private sealed class Looking(RunState state) : IRunWriter
    {
        public RunState State => state;

        public Task AppendAsync(RunEvent e, CancellationToken cancellation) =>
            throw new InvalidOperationException("Looking writes nothing.");
    }
}
