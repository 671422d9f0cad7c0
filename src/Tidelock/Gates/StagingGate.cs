using Tidelock.Evidence.Soaking;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// G1: the same digest has been in place on staging, and was seen to be without a breach, for the time the change asks for. The journal says
/// so, or a signed file from where staging's journal is.
/// </summary>
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

        if (options.Evidence is not null)
        {
            return await StagingEvidence.JudgeAsync(context, options, cancellation).ConfigureAwait(false);
        }

        var runs = await ChangeRuns
            .ReadAsync(context.Journal, context.Change.Digest, options.Environment, cancellation)
            .ConfigureAwait(false);
        if (runs.FirstOrDefault(r => r.Result == RunResult.Completed) is not { } completed)
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

        var looks = await new SoakBook(context.Journal, context.Change.Digest, options.Environment)
            .ReadAsync(cancellation)
            .ConfigureAwait(false);
        var standing = SoakStanding.Of(completed.EndedAt!.Value, looks, options.Gap, context.Time.GetUtcNow());
        return Judge(standing, options, context.Change.Folder);
    }

    /// <summary>Whether it was seen for long enough, and what is missing where not.</summary>
    internal static GateFinding Judge(SoakStanding standing, SoakGateOptions options, string change)
    {
        (string Name, object? Value)[] words =
        [
            ("for", standing.Longest.Lasted),
            ("soak", options.Soak),
            ("left", options.Soak - standing.Current.Lasted),
            ("looks", standing.Looks),
            ("gap", options.Gap),
            ("environment", options.Environment),
            ("change", change),
            ("from", standing.Gap?.From),
            ("to", standing.Gap?.To),
            ("at", standing.Breach?.At),
            ("breach", standing.Breach?.Finding),
        ];
        var passed = standing.Longest.Lasted >= options.Soak;
        return new GateFinding(
            passed,
            Message.Of(
                passed ? "gates.staging.soaked"
                    : standing.Breach is not null ? "gates.staging.breached"
                    : standing.Gap is not null ? "gates.staging.unwatched"
                    : "gates.staging.too-short",
                words
            )
        );
    }
}
