using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// Carries a move out exactly once under a run's journal. Every try is journaled before it takes a lock. Whoever comes after a
/// crash, a lost connection or a cancellation asks the database what became of the last try, and only then goes on.
/// </summary>
internal sealed class ExactlyOnce(StepContext context, MigrationTransaction transaction, string fact = "try")
{
    private const int Reconnects = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Asked where a try was made and a standby was promoted since, which may lack its commit: what is in place, by what the database
    /// holds. Null for nothing. Without it, nobody knows.
    /// </summary>
    public Func<CancellationToken, Task<MigrationOutcome?>>? AfterFailover { get; init; }

    /// <summary>What became of the move. <see cref="MigrationOutcome.Unknown"/> only when the server cannot say.</summary>
    public async Task<MigrationOutcome> RunAsync(IMigrationMove move, LockBudget budget, CancellationToken cancellation)
    {
        try
        {
            var outcome = await OnceAsync(move, budget, cancellation).ConfigureAwait(false);
            for (var attempt = 1; attempt < Reconnects && outcome is MigrationOutcome.Unknown; attempt++)
            {
                outcome = await OnceAsync(move, budget, cancellation).ConfigureAwait(false);
            }

            return outcome;
        }
        catch (Exception) when (cancellation.IsCancellationRequested && LastTry is not null)
        {
            return await SettledAfterCancelAsync().ConfigureAwait(false)
                ?? throw new OperationCanceledException(cancellation);
        }
    }

    /// <summary>What became of the last try, asked in little time. A database that is away is asked again once it is back.</summary>
    /// <exception cref="TargetLostException">It does not answer.</exception>
    private async Task<MigrationOutcome?> SettledAfterCancelAsync()
    {
        using var limit = new CancellationTokenSource(Patience, context.Time);
        try
        {
            return await SettledAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or TargetLostException || ConnectionLoss.IsLoss(e))
        {
            throw new TargetLostException(
                Message.Of("runs.fate-not-asked", ("transaction", LastTry!.TransactionId), ("target", context.Target)),
                e
            );
        }
        catch (Exception e) when (e is NpgsqlException or TidelockException)
        {
            return Unknown(LastTry!);
        }
    }

    /// <summary>A question that fails leaves it unknown what is in place: that is never taken for nothing.</summary>
    private async Task<MigrationOutcome?> AfterFailoverAsync(
        Func<CancellationToken, Task<MigrationOutcome?>> ask,
        MigrationTry last,
        CancellationToken cancellation
    )
    {
        try
        {
            return await ask(cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
            when (e
                    is NpgsqlException
                        or TidelockException
                        and not TargetLostException
                        and not JournalUnwritableException
                        and not RunTakenOverException
                && !ConnectionLoss.IsLoss(e)
            )
        {
            context.Report(Message.Of("runs.failover-not-asked", ("reason", e.Message)));
            return Unknown(last);
        }
    }

    private MigrationOutcome.Unknown Unknown(MigrationTry last) =>
        new(
            last.TransactionId,
            Message.Of("runs.fate-unknown", ("transaction", last.TransactionId), ("target", context.Target))
        );

    private MigrationTry? LastTry => context.Fact(fact, MigrationsJson.Default.MigrationTry);

    private async Task<MigrationOutcome> OnceAsync(
        IMigrationMove move,
        LockBudget budget,
        CancellationToken cancellation
    )
    {
        if (await SettledAsync(cancellation).ConfigureAwait(false) is { } settled)
        {
            return settled;
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        return await transaction
            .RunAsync(session, move, budget, RecordAsync, context.RecordAsync, context.Report, cancellation)
            .ConfigureAwait(false);
    }

    private Task RecordAsync(MigrationTry one, CancellationToken cancellation) =>
        context.RecordAsync(fact, one, MigrationsJson.Default.MigrationTry, cancellation);

    /// <summary>The outcome of the last journaled try; null when there was none, or when it came to nothing.</summary>
    private async Task<MigrationOutcome?> SettledAsync(CancellationToken cancellation)
    {
        if (LastTry is not { } last)
        {
            return null;
        }

        if (AfterFailover is not null && context.State.Identity?.Timeline > last.Timeline)
        {
            return await AfterFailoverAsync(AfterFailover, last, cancellation).ConfigureAwait(false);
        }

        await using var session = await PostgresSession
            .OpenAsync(context.Target, context.ApplicationName, cancellation)
            .ConfigureAwait(false);
        var now = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (context.State.Identity is { } then && now.HasTakenOverFrom(then))
        {
            throw Failover.Found(context.Target, then, now);
        }

        var fate = await TransactionFates
            .AskAsync(session, last, Patience, context.Time, cancellation)
            .ConfigureAwait(false);
        return fate switch
        {
            TransactionFate.Aborted => null,
            TransactionFate.Committed => new MigrationOutcome.Applied(
                last.TransactionId,
                last.Number,
                TimeSpan.Zero,
                TimeSpan.Zero,
                Message.Of("runs.found-committed", ("transaction", last.TransactionId))
            ),
            TransactionFate.InProgress or TransactionFate.Unknown => new MigrationOutcome.Unknown(
                last.TransactionId,
                Message.Of("runs.fate-unknown", ("transaction", last.TransactionId), ("target", context.Target))
            ),
        };
    }
}
