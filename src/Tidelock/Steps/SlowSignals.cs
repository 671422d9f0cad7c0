using Tidelock.Checks;
using Tidelock.Contracts;
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

    /// <summary>After so long no other query is begun: two looks find a fault before the first of them is too old.</summary>
    private static readonly TimeSpan LookLimit = WatchRules.StaleAfter / 2;

    private readonly IReadOnlyList<SqlCheck> checks = context.Change.Section<DownstreamChecks>().Checks;
    private readonly Contract contract = context.Change.Section<Contract>();
    private readonly Dictionary<string, DateTimeOffset> passed = new(StringComparer.Ordinal);
    private int next;

    /// <summary>Those for which something is declared.</summary>
    public IReadOnlyList<SlowSignal> Every(TimeSpan pace) =>
        [
            .. checks.Count == 0 ? [] : One(BuiltInSignals.Downstream, DownstreamAsync, pace),
            .. contract.Relation is null ? [] : One(BuiltInSignals.Contract, ContractAsync, pace),
        ];

    private SlowSignal[] One(string signal, Func<CancellationToken, Task<Sample>> read, TimeSpan pace) =>
        [new SlowSignal(signal, read, pace, context.Time)];

    private async Task<Sample> DownstreamAsync(CancellationToken cancellation)
    {
        var results = await LookAsync(cancellation).ConfigureAwait(false);
        var now = context.Time.GetUtcNow();
        foreach (var (check, _) in results.Where(r => r.Result.Passed))
        {
            passed[check.Name] = now;
        }

        var unasked = checks
            .Except(results.Select(r => r.Check))
            .Count(c => !passed.TryGetValue(c.Name, out var at) || now - at > WatchRules.StaleAfter);
        return Judged(results, unasked, now);
    }

    /// <summary>
    /// A critical query that fails is broken at the first look. One that was only slow is so at the second: the server may have been busy, and
    /// nobody is to blame for that alone.
    /// </summary>
    /// <param name="results">Of the queries that this look had time for.</param>
    /// <param name="unasked">How many others have not passed lately either.</param>
    /// <param name="now">When the look ended.</param>
    internal static Sample Judged(List<(SqlCheck Check, CheckResult Result)> results, int unasked, DateTimeOffset now)
    {
        var broken = results.FindAll(r => r.Result is { Passed: false, IsAnswered: true });
        return broken.Find(r => r is { Check.Critical: true, Result.IsSlow: false }).Result is { } critical
                ? BuiltInSignals.BrokenForSure(BuiltInSignals.Downstream, now, critical.Finding)
            : broken.Count > 0 ? BuiltInSignals.Broken(BuiltInSignals.Downstream, now, broken[0].Result.Finding)
            : results.Find(r => r.Result.IsOutdated).Result is { } outdated
                ? BuiltInSignals.Outdated(BuiltInSignals.Downstream, now, outdated.Name)
            : results.Find(r => !r.Result.IsAnswered).Result is { } unanswered
                ? Sample.Error(BuiltInSignals.Downstream, now, unanswered.Finding)
            : unasked > 0
                ? Sample.Error(
                    BuiltInSignals.Downstream,
                    now,
                    Message.Of("steps.watch.not-all-asked", ("unasked", unasked), ("limit", LookLimit))
                )
            : BuiltInSignals.Fine(BuiltInSignals.Downstream, now);
    }

    /// <summary>One query after the other, beginning with the first that the look before had no time for.</summary>
    private async Task<List<(SqlCheck Check, CheckResult Result)>> LookAsync(CancellationToken cancellation)
    {
        var results = new List<(SqlCheck, CheckResult)>();
        var start = context.Time.GetTimestamp();
        var asked = ground.AfterBaseline(context);
        while (results.Count < checks.Count && context.Time.GetElapsedTime(start) < LookLimit)
        {
            var check = checks[next];
            next = (next + 1) % checks.Count;
            results.Add((check, await check.RunAsync(asked, cancellation).ConfigureAwait(false)));
        }

        return results;
    }

    private async Task<Sample> ContractAsync(CancellationToken cancellation)
    {
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
