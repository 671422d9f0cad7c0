using Tidelock.Contracts;
using Tidelock.Evidence.Soaking;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Probes;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Texts;

namespace Tidelock.Deployments.Soaks;

/// <summary>
/// Goes on looking at a change after its run was completed: the contract's shape, what hangs on the relation, a tool's own record, the criteria of
/// the watch.
/// Changes nothing in the database; the journal keeps each look.
/// </summary>
public sealed class Soaking
{
    private const string NotLooked = "rollbacks.not-looked";

    private readonly IJournal journal;
    private readonly Ground ground;
    private readonly ProbeFactory probes;
    private readonly TimeProvider time;

    internal Soaking(IJournal journal, Ground ground, ProbeFactory probes, TimeProvider time) =>
        (this.journal, this.ground, this.probes, this.time) = (journal, ground, probes, time);

    /// <summary>One look; seconds where all is well, as long as a criterion's window where something seems not to be.</summary>
    /// <returns>What it found; or why there is nothing to look at.</returns>
    /// <exception cref="JournalUnwritableException">It could not be kept.</exception>
    public async Task<(SoakLook? Look, Message? Refusal)> LookAsync(
        DeploymentRequest request,
        Action<Message> report,
        CancellationToken cancellation
    )
    {
        if (await CompletedAsync(request, cancellation).ConfigureAwait(false) is not var (run, state))
        {
            return (
                null,
                Message.Of(
                    "deployments.soak.nothing",
                    ("change", request.Change.Name),
                    ("environment", request.TargetEnvironment.Name)
                )
            );
        }

        var from = time.GetUtcNow();
        var context = new StepContext(
            "watch",
            run,
            request.Change,
            request.TargetEnvironment,
            request.Target,
            time,
            new ReadOnlyRun(state),
            new Onlooker(report)
        );
        var seen = await SeenAsync(context, cancellation).ConfigureAwait(false);
        var look = new SoakLook(
            run.Value,
            from,
            time.GetUtcNow(),
            request.By,
            Environment.MachineName,
            seen.Breaches,
            seen.Unseen,
            seen.Signals
        )
        {
            Gap = request.Change.Section<GateOptions>().Staging.Gap,
        };
        await Book(request).AddAsync(look, cancellation).ConfigureAwait(false);
        return (look, null);
    }

    /// <summary>How long the change has been seen without a breach; null where it is not in place.</summary>
    public async Task<SoakStanding?> StandingAsync(DeploymentRequest request, CancellationToken cancellation)
    {
        if (await CompletedAsync(request, cancellation).ConfigureAwait(false) is not var (run, state))
        {
            return null;
        }

        var looks = await Book(request).ReadAsync(cancellation).ConfigureAwait(false);
        return SoakStanding.Of(
            StagingGate.SeenFrom(state),
            state.EndedAt!.Value,
            looks.Where(l => string.Equals(l.Run, run.Value, StringComparison.Ordinal)),
            request.Change.Section<GateOptions>().Staging.Gap,
            time.GetUtcNow()
        );
    }

    private SoakBook Book(DeploymentRequest request) =>
        new(journal, request.Change.Digest, request.TargetEnvironment.Name);

    /// <summary>The newest run of the digest in the environment, where it was completed and not taken back.</summary>
    private async Task<(RunId Run, RunState State)?> CompletedAsync(
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var runs = await ChangeRuns
            .NamedAsync(journal, request.Change.Digest, request.TargetEnvironment.Name, cancellation)
            .ConfigureAwait(false);
        return runs is [{ State: { Result: RunResult.Completed, Rollback: null } } newest, ..] ? newest : null;
    }

    /// <summary>An instrument that fails is nobody's breach: the look says that it could not see.</summary>
    private async Task<SoakSeen> SeenAsync(StepContext context, CancellationToken cancellation)
    {
        try
        {
            if (!SoakableChange.IsToldInPlace(context.Change))
            {
                return SoakSeen.Blind(Message.Of("deployments.soak.nothing-to-see"));
            }

            var catalog = await CatalogAsync(context, cancellation).ConfigureAwait(false);
            return catalog.IsOver
                ? catalog
                : await new SoakWatch(context, ground, probes).SeeAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            return SoakSeen.Blind(
                e is TidelockException known
                    ? known.Problem
                    : Message.Of("deployments.soak.failed", ("kind", e.GetType().Name), ("reason", e.Message))
            );
        }
    }

    private static async Task<SoakSeen> CatalogAsync(StepContext context, CancellationToken cancellation)
    {
        await using (var session = await context.OpenAsync(cancellation).ConfigureAwait(false))
        {
            var drift = await ContractVerifier
                .ShapeAsync(session, context.Change.Section<Contract>(), cancellation)
                .ConfigureAwait(false);
            if (drift.Count > 0)
            {
                return SoakSeen.Broken(drift);
            }
        }

        if (context.Change.Section<Migration>() is ToolMigration)
        {
            var standing = await Standing.AskAsync(context, cancellation).ConfigureAwait(false);
            if (standing.Where is not Whereabouts.Wanted)
            {
                return standing.Where is Whereabouts.Before
                    ? SoakSeen.Broken([standing.Finding])
                    : SoakSeen.Blind(standing.Finding);
            }
        }

        var lost = await RunBaseline.LostSinceVerifiedAsync(context, cancellation).ConfigureAwait(false);
        return lost is null ? SoakSeen.Fine
            : lost.Code is NotLooked ? SoakSeen.Blind(lost)
            : SoakSeen.Broken([lost]);
    }

    /// <summary>A run that is looked at and never written to.</summary>
    private sealed class ReadOnlyRun(RunState state) : IRunWriter
    {
        public RunState State => state;

        public Task AppendAsync(RunEvent e, CancellationToken cancellation) =>
            throw new InvalidOperationException("A look after the run writes nothing into it.");
    }

    private sealed class Onlooker(Action<Message> report) : IRunObserver
    {
        public void Happened(RunEvent e, RunState state) { }

        public void Progressed(string step, Message progress) => report(progress);

        public void Warned(Message warning) => report(warning);
    }
}
