using Npgsql;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Postgres;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>The signals the watch itself yields: the downstream queries, and the cheap part of the contract. Each statement has a time-out.</summary>
internal sealed class SlowSignals(StepContext context, Ground ground)
{
    /// <summary>Catalogs are read in milliseconds; longer means that a lock is in the way.</summary>
    private static readonly TimeSpan CatalogLimit = TimeSpan.FromSeconds(10);

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        [
            await GuardAsync(BuiltInSignals.Downstream, DownstreamAsync, cancellation).ConfigureAwait(false),
            await GuardAsync(BuiltInSignals.Contract, ContractAsync, cancellation).ConfigureAwait(false),
        ];

    /// <summary>An instrument that fails is an error, and never the application's fault.</summary>
    private async Task<Sample> GuardAsync(
        string signal,
        Func<CancellationToken, Task<Sample>> read,
        CancellationToken cancellation
    )
    {
        try
        {
            return await read(cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e) when (OutdatedPlan.Is(e))
        {
            return BuiltInSignals.Outdated(signal, context.Time.GetUtcNow(), signal);
        }
        catch (Exception e)
            when (e
                    is NpgsqlException
                        or TimeoutException
                        or TidelockException
                        and not RunTakenOverException
                        and not TargetLostException
            )
        {
            var what = Message.Of("steps.watch.not-read", ("reason", e.Message));
            return Sample.Error(signal, context.Time.GetUtcNow(), what);
        }
    }

    private async Task<Sample> DownstreamAsync(CancellationToken cancellation)
    {
        var checks = context.Change.Section<DownstreamChecks>().Checks;
        var results = await CheckRunner
            .RunAsync(checks, ground.AfterBaseline(context), _ => { }, cancellation)
            .ConfigureAwait(false);
        return Judged(checks, results, context.Time.GetUtcNow());
    }

    /// <summary>
    /// A critical query that fails is broken at the first look. One that was only slow is so at the second: the server may have been busy, and
    /// nobody is to blame for that alone.
    /// </summary>
    internal static Sample Judged(
        IReadOnlyList<SqlCheck> checks,
        IReadOnlyList<CheckResult> results,
        DateTimeOffset now
    )
    {
        var broken = checks.Zip(results).Where(c => c.Second is { Passed: false, IsAnswered: true }).ToList();
        return broken.Find(c => c is { First.Critical: true, Second.IsSlow: false }) is { First: not null } critical
                ? BuiltInSignals.BrokenForSure(BuiltInSignals.Downstream, now, critical.Second.Finding)
            : broken.Count > 0 ? BuiltInSignals.Broken(BuiltInSignals.Downstream, now, broken[0].Second.Finding)
            : results.FirstOrDefault(r => r.IsOutdated) is { } outdated
                ? BuiltInSignals.Outdated(BuiltInSignals.Downstream, now, outdated.Name)
            : results.FirstOrDefault(r => !r.IsAnswered) is { } unanswered
                ? Sample.Error(BuiltInSignals.Downstream, now, unanswered.Finding)
            : BuiltInSignals.Fine(BuiltInSignals.Downstream, now);
    }

    private async Task<Sample> ContractAsync(CancellationToken cancellation)
    {
        var contract = context.Change.Section<Contract>();
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        using var deadline = new CancellationTokenSource(CatalogLimit, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            var drift = await ContractVerifier.ShapeAsync(session, contract, either.Token).ConfigureAwait(false);
            var now = context.Time.GetUtcNow();
            return drift.Count == 0
                ? BuiltInSignals.Fine(BuiltInSignals.Contract, now)
                : BuiltInSignals.Broken(BuiltInSignals.Contract, now, drift[0]);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException(e.Message, e);
        }
    }
}
