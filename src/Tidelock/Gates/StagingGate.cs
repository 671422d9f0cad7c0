using Tidelock.Evidence.Soaking;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Gates;

/// <summary>
/// G1: the same digest has been in place on staging, and was seen to be without a breach, for the time the change asks for. The journal says
/// so, or a signed file from where staging's journal is.
/// </summary>
/// <param name="identity">Asks the target which database it is, whatever address leads there.</param>
internal sealed class StagingGate(Func<PostgresTarget, CancellationToken, Task<ServerIdentity>>? identity = null)
    : IGate
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

        ServerIdentity? here;
        try
        {
            here = identity is null ? null : await identity(context.Target, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            return new GateFinding(false, e.Problem);
        }

        return options.Evidence is null
            ? await JournaledAsync(context, options, here, cancellation).ConfigureAwait(false)
            : await StagingEvidence.JudgeAsync(context, options, cancellation).ConfigureAwait(false);
    }

    private static async Task<GateFinding> JournaledAsync(
        GateContext context,
        SoakGateOptions options,
        ServerIdentity? here,
        CancellationToken cancellation
    )
    {
        var runs = await ChangeRuns
            .NamedAsync(context.Journal, context.Change.Digest, options.Environment, cancellation)
            .ConfigureAwait(false);
        var (run, completed) = runs.FirstOrDefault(r => r.State.Result == RunResult.Completed);
        if (completed is null)
        {
            return new GateFinding(
                false,
                Message.Of("gates.staging.never", ("environment", options.Environment), ("soak", options.Soak))
            );
        }

        var later = runs.TakeWhile(r => r.Run != run).Select(r => r.State).FirstOrDefault();
        if (later is not null || completed.Rollback is not null)
        {
            return new GateFinding(
                false,
                Message.Of("gates.staging.not-stable", ("environment", options.Environment), ("at", later?.StartedAt))
            );
        }

        var target = completed.Started!.Target;
        if (string.Equals(target, context.Target.ToString(), StringComparison.Ordinal))
        {
            return new GateFinding(
                false,
                Message.Of("gates.staging.same-database", ("environment", options.Environment), ("target", target))
            );
        }

        IReadOnlyList<SoakLook> looks;
        try
        {
            looks = await new SoakBook(context.Journal, context.Change.Digest, options.Environment)
                .ReadAsync(cancellation)
                .ConfigureAwait(false);
        }
        catch (StreamBrokenException e)
        {
            return new GateFinding(false, e.Problem);
        }

        var now = context.Time.GetUtcNow();
        var own = looks.Where(l => string.Equals(l.Run, run.Value, StringComparison.Ordinal));
        var standing = SoakStanding.Of(SeenFrom(completed), completed.EndedAt!.Value, own, options.Gap, now);
        var found = Judge(standing, options, new SoakPlace(context.Change.Folder, target, now));
        return here?.IsSame(completed.Identity!) == true ? AsTwin(found, options, target) : found;
    }

    /// <summary>A copy of the server's files has the same identity, and so has another address of the same server: only a person can tell.</summary>
    private static GateFinding AsTwin(GateFinding found, SoakGateOptions options, string target) =>
        found with
        {
            InRed = found.Passed,
            Finding = Several.All([
                Message.Of("gates.staging.twin", ("environment", options.Environment), ("target", target)),
                found.Finding,
            ]),
        };

    /// <summary>From when a completed run saw its change without a breach.</summary>
    internal static DateTimeOffset SeenFrom(RunState completed) =>
        SoakStanding.SeenFrom(
            completed.AppliedAt,
            completed.EndedAt!.Value,
            completed.Ticks.Any(t => t.Verdicts.Any(v => v.State is VerdictState.Breached))
        );

    /// <summary>Whether it was seen for long enough, and what is missing where not.</summary>
    internal static GateFinding Judge(SoakStanding standing, SoakGateOptions options, SoakPlace place)
    {
        var seen = standing.For(options.Soak);
        var isLongEnough = seen.Lasted >= options.Soak;
        var isRecent = place.Now - seen.To <= options.Age;
        (string Name, object? Value)[] words =
        [
            ("for", seen.Lasted),
            ("soak", options.Soak),
            ("left", options.Soak - standing.Current.Lasted),
            ("looks", standing.Looks),
            ("gap", options.Gap),
            ("environment", options.Environment),
            ("change", place.Change),
            ("target", place.Target),
            ("until", seen.To),
            ("age", options.Age),
            ("from", standing.Gap?.From),
            ("to", standing.Gap?.To),
            ("at", standing.Breach?.At),
            ("breach", standing.Breach?.Finding),
        ];
        return new GateFinding(
            isLongEnough && isRecent,
            Message.Of(
                (isLongEnough, isRecent) switch
                {
                    (true, true) => "gates.staging.soaked",
                    (true, false) => "gates.staging.outdated",
                    _ when standing.Breach is not null => "gates.staging.breached",
                    _ when standing.Gap is not null => "gates.staging.unwatched",
                    _ => "gates.staging.too-short",
                },
                words
            )
        );
    }
}

/// <summary>What a finding about a soak names.</summary>
/// <param name="Change">The change's folder.</param>
/// <param name="Target">Staging's database, as people read it.</param>
/// <param name="Now">When it is looked at.</param>
internal sealed record SoakPlace(string Change, string Target, DateTimeOffset Now);
