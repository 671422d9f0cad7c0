using Npgsql;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Probes;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Steps;

/// <summary>Reads every signal of a watch once: the probes in each tick, downstream queries and the contract at their own pace.</summary>
internal sealed class WatchTicks : IAsyncDisposable
{
    private readonly StepContext context;
    private readonly WatchOptions options;
    private readonly Ground ground;
    private readonly IReadOnlyList<IProbe> probes;
    private DateTimeOffset slowAt = DateTimeOffset.MinValue;

    public WatchTicks(StepContext context, Ground ground, ProbeFactory factory)
    {
        (this.context, this.ground) = (context, ground);
        options = context.Change.Section<WatchOptions>();
        probes = factory
            .By(context.Time)
            .Create(options.Probes, context.Target, context.ApplicationName, options.Every);
    }

    /// <summary>One sample per signal; what cannot be read comes as no data or an error, never as a value.</summary>
    public async Task<IReadOnlyList<Sample>> ReadAsync(bool slowToo, CancellationToken cancellation)
    {
        var reading = probes.Select(p => p.ReadAsync(cancellation)).ToList();
        var samples = (await Task.WhenAll(reading).ConfigureAwait(false)).SelectMany(s => s).ToList();
        if (slowToo && context.Time.GetUtcNow() - slowAt >= Pace)
        {
            slowAt = context.Time.GetUtcNow();
            samples.AddRange(await SlowAsync(cancellation).ConfigureAwait(false));
        }

        return samples;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var probe in probes)
        {
            await probe.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>A thirtieth of the watch, at least one tick and at most a minute.</summary>
    private TimeSpan Pace =>
        TimeSpan.FromTicks(
            Math.Clamp(
                options.For.Ticks / 30,
                options.Every.Ticks,
                Math.Max(options.Every.Ticks, TimeSpan.TicksPerMinute)
            )
        );

    private async Task<List<Sample>> SlowAsync(CancellationToken cancellation)
    {
        try
        {
            await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
            return
            [
                .. await DownstreamAsync(cancellation).ConfigureAwait(false),
                .. await ContractAsync(session, cancellation).ConfigureAwait(false),
            ];
        }
        catch (Exception e)
            when (e is NpgsqlException or TidelockException and not RunTakenOverException and not TargetLostException)
        {
            // An instrument that fails is an error, and never the application's fault.
            var now = context.Time.GetUtcNow();
            var what = Message.Of("steps.watch.not-read", ("reason", e.Message));
            return
            [
                Sample.Error(BuiltInSignals.Downstream, now, what),
                Sample.Error(BuiltInSignals.Contract, now, what),
            ];
        }
    }

    private async Task<List<Sample>> DownstreamAsync(CancellationToken cancellation)
    {
        var checks = context.Change.Section<DownstreamChecks>().Checks;
        var broken = new List<Sample>();
        var results = await CheckRunner
            .RunAsync(checks, ground.AfterBaseline(context), _ => { }, cancellation)
            .ConfigureAwait(false);
        foreach (var (check, result) in checks.Zip(results))
        {
            if (!result.Passed && result.IsAnswered)
            {
                var now = context.Time.GetUtcNow();
                broken.Add(
                    check.Critical
                        ? BuiltInSignals.BrokenForSure(BuiltInSignals.Downstream, now, result.Finding)
                        : BuiltInSignals.Broken(BuiltInSignals.Downstream, now, result.Finding)
                );
            }
        }

        if (broken.Count == 0 && results.FirstOrDefault(r => !r.IsAnswered) is { } unanswered)
        {
            return [Sample.Error(BuiltInSignals.Downstream, context.Time.GetUtcNow(), unanswered.Finding)];
        }

        return broken.Count > 0
            ? [broken.MaxBy(b => b.Weight ?? 0)!]
            : [BuiltInSignals.Fine(BuiltInSignals.Downstream, context.Time.GetUtcNow())];
    }

    private async Task<List<Sample>> ContractAsync(Postgres.PostgresSession session, CancellationToken cancellation)
    {
        var contract = context.Change.Section<Contract>();
        var drift = contract.Relation is null
            ? []
            : await ContractVerifier.ShapeAsync(session, contract, cancellation).ConfigureAwait(false);
        var now = context.Time.GetUtcNow();
        return
        [
            drift.Count == 0
                ? BuiltInSignals.Fine(BuiltInSignals.Contract, now)
                : BuiltInSignals.Broken(BuiltInSignals.Contract, now, drift[0]),
        ];
    }
}
