using System.Text.Json;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>
/// Brings a swap in order that a killed program left in the middle, before the run is taken hold of: a database that was closed lets nobody in,
/// not even whoever wants to go on with the run.
/// </summary>
/// <param name="Plan">What was begun; null where nothing is open.</param>
/// <param name="Fate">What became of it.</param>
/// <param name="Holder">Who holds the databases and is still at it; null for nobody.</param>
internal sealed record SwapSettlement(SwapPlan? Plan, SwapFate Fate, LockHolder? Holder)
{
    /// <summary>Whether it was done, and a standby was promoted that knows nothing of it.</summary>
    public bool IsLost { get; init; }

    /// <summary>Why a pooler still holds back its clients; null where it does not.</summary>
    public Message? Stuck { get; init; }

    private static readonly TimeSpan OlderBackends = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Dying = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryEvery = TimeSpan.FromMilliseconds(100);
    private static readonly SwapSettlement None = new(null, SwapFate.NotSwapped, null);

    /// <summary>Looks, and where a swap is open, opens the database that has the name and lets the pooler's clients go on.</summary>
    /// <exception cref="TidelockException"><c>postgres.swap.unsettled</c>; <c>postgres.connect.*</c>.</exception>
    public static async Task<SwapSettlement> OfAsync(
        DeploymentRequest request,
        RunId run,
        RunState known,
        bool takeOver,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var open = BesideFacts.OpenSwap(known);
        if ((open ?? BesideFacts.DoneSwap(known)) is not { } plan)
        {
            return None;
        }

        var outside = request.Target.WithDatabase("postgres");
        var name = run.ApplicationName(known.Epoch + 1);
        await using var session = await PostgresSession.OpenAsync(outside, name, cancellation).ConfigureAwait(false);
        if (open is null && !await IsLostAsync(session, known, plan, time, cancellation).ConfigureAwait(false))
        {
            return None;
        }

        await using var own = await RunLockSession.OpenAsync(outside, name, cancellation).ConfigureAwait(false);
        var since = time.GetTimestamp();
        while (await HolderAsync(own, plan, cancellation).ConfigureAwait(false) is { } holder)
        {
            if (takeOver && RunHold.IsOf(holder, run))
            {
                await OlderEpochs
                    .EndAsync(session, run.Value, known.Epoch + 1, OlderBackends, time, cancellation)
                    .ConfigureAwait(false);
            }
            else if (!RunHold.MayBeDying(holder, run, known) || time.GetElapsedTime(since) > Dying)
            {
                return new SwapSettlement(plan, SwapFate.Unknown, holder);
            }

            await Task.Delay(RetryEvery, time, cancellation).ConfigureAwait(false);
        }

        // One of them may still be about to commit the rename.
        await OlderEpochs
            .EndAsync(session, run.Value, known.Epoch + 1, OlderBackends, time, cancellation)
            .ConfigureAwait(false);
        var fate = await new DatabaseSwap(session, plan, time).SettleAsync(cancellation).ConfigureAwait(false);
        var stuck = await ResumeAsync(request, plan, name, time, cancellation).ConfigureAwait(false);
        return fate is SwapFate.Unknown
            ? throw new TidelockException(DatabaseSwap.Unsettled(plan, outside), ExitCode.NeedsPerson)
            : new SwapSettlement(plan, fate, null) { Stuck = stuck, IsLost = open is null };
    }

    /// <summary>A commit that a promoted standby never got; the databases may have been closed by one that it did get.</summary>
    private static async Task<bool> IsLostAsync(
        PostgresSession session,
        RunState known,
        SwapPlan plan,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var now = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return !now.InRecovery
            && now.Timeline > known.Identity!.Timeline
            && await new DatabaseSwap(session, plan, time).FateAsync(cancellation).ConfigureAwait(false)
                is SwapFate.NotSwapped;
    }

    /// <summary>What is journaled of it once the run is taken hold of; null where it is known or did not take place.</summary>
    public DatabaseSwapped? Event(RunState state) =>
        Fate is SwapFate.Swapped && Plan is { } plan && BesideFacts.OpenSwap(state) == plan
            ? RunSwap.Event(state, plan, null, Stuck, BesideFacts.CarriedIn(state, plan))
            : null;

    /// <summary>What is journaled where a failover has lost it: the way back is taken again, by the database that the name leads to now.</summary>
    public async Task<IReadOnlyList<RunEvent>> LostAsync(
        PostgresTarget target,
        string applicationName,
        RunState state,
        CancellationToken cancellation
    )
    {
        if (!IsLost || Plan is not { } plan)
        {
            return [];
        }

        var then = state.Identity! with { DatabaseOid = plan.Leaving };
        var again = state.Step(BesideFacts.Step).Status == StepStatus.Passed ? BesideFacts.Step : null;
        var failover = await Failover
            .FindAsync(target, applicationName, state, then, again, cancellation)
            .ConfigureAwait(false);
        return failover is null
            ? []
            :
            [
                failover with
                {
                    LosesSwap = true,
                    Finding = Message.Of(
                        "rollbacks.swap.lost",
                        ("finding", failover.Finding),
                        ("name", plan.Name),
                        ("oid", plan.Leaving)
                    ),
                },
                new FactRecorded(
                    BesideFacts.Step,
                    BesideFacts.NotSwapped,
                    JsonSerializer.SerializeToElement(plan, RollbacksJson.Default.SwapPlan)
                ),
            ];
    }

    private static async Task<LockHolder?> HolderAsync(
        RunLockSession own,
        SwapPlan plan,
        CancellationToken cancellation
    ) =>
        await own.TryTakeAsync(plan.Leaving, cancellation).ConfigureAwait(false)
        ?? await own.TryTakeAsync(plan.Coming, cancellation).ConfigureAwait(false);

    private static async Task<Message?> ResumeAsync(
        DeploymentRequest request,
        SwapPlan plan,
        string name,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (request.TargetEnvironment.PgBouncer.Length == 0)
        {
            return null;
        }

        try
        {
            var console = await PgBouncerConsole
                .OpenAsync(request.TargetEnvironment.PgBouncer, name, time, cancellation)
                .ConfigureAwait(false);
            return await console.ResumeAsync(plan.Name, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            return e.Problem;
        }
    }
}
