using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G1: the same digest has been in place on staging, without a breach, for the time the change asks for.</summary>
internal sealed class StagingGate : IGate
{
    public string Name => "staging";

    public bool MayBeConfirmed => false;

    public GateLevel Level(GateOptions options) => options.Staging.Level;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var options = context.Options.Staging;
        if (string.Equals(context.TargetEnvironment.Name, options.Environment, StringComparison.Ordinal))
        {
            return new GateFinding(true, Message.Of("gates.staging.is-staging"));
        }

        var runs = await ChangeRuns
            .ReadAsync(context.Journal, context.Change.Digest, options.Environment, cancellation)
            .ConfigureAwait(false);
        return Judge(context, options, runs);
    }

    private static GateFinding Judge(GateContext context, SoakGateOptions options, IReadOnlyList<RunState> runs)
    {
        var completed = runs.FirstOrDefault(r => r.Result == RunResult.Completed);
        if (completed is null)
        {
            return new GateFinding(
                false,
                Message.Of("gates.staging.never", ("environment", options.Environment), ("soak", options.Soak))
            );
        }

        var later = runs.TakeWhile(r => r != completed).FirstOrDefault();
        if (later is not null || completed.Rollback is not null)
        {
            return new GateFinding(
                false,
                Message.Of("gates.staging.not-stable", ("environment", options.Environment), ("at", later?.StartedAt))
            );
        }

        var soaked = context.Time.GetUtcNow() - completed.EndedAt!.Value;
        return soaked >= options.Soak
            ? new GateFinding(true, Message.Of("gates.staging.soaked", ("for", soaked), ("soak", options.Soak)))
            : new GateFinding(
                false,
                Message.Of(
                    "gates.staging.too-short",
                    ("for", soaked),
                    ("soak", options.Soak),
                    ("left", options.Soak - soaked)
                )
            );
    }
}
