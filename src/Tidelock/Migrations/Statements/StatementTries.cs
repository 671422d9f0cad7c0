using System.Globalization;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>One statement, journaled, and tried again while only locks are in its way.</summary>
internal sealed class StatementTries(
    PostgresSession session,
    SqlStatement statement,
    int count,
    LockBudget budget,
    StatementJournal journal,
    TimeProvider time
)
{
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(1);

    private readonly StatementKind kind = StatementKind.Of(statement);
    private readonly StatementLeftovers leftovers = new(
        session,
        StatementKind.Of(statement),
        budget,
        journal.Progress,
        time
    );

    /// <summary>The ids before a try that was cut off half-way, where this run completes it.</summary>
    public IReadOnlyList<long>? BeforeCut { get; init; }

    /// <summary>The longest wait of one try for which others may have queued.</summary>
    public TimeSpan LongestWait { get; private set; }

    /// <summary>Null when it is done.</summary>
    public async Task<MigrationOutcome?> RunAsync(StatementDirection direction, CancellationToken cancellation)
    {
        if (await kind.RefusalAsync(session, cancellation).ConfigureAwait(false) is { } refusal)
        {
            return new MigrationOutcome.Refused(refusal);
        }

        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        var before = BeforeCut ?? await kind.BeforeAsync(session, cancellation).ConfigureAwait(false);
        var mark = new StatementMark(
            statement.Number,
            statement.Line,
            statement.Shown,
            StatementMark.Begun,
            before,
            session.Connection.ProcessID,
            identity.Timeline
        );
        if (direction == StatementDirection.Back && kind.IsUndone(before))
        {
            journal.Progress(statement.Mistake("migrations.statements.nothing-to-undo"));
            await EndAsync(mark, StatementMark.Done).ConfigureAwait(false);
            return null;
        }

        await journal.RecordAsync(mark, cancellation).ConfigureAwait(false);
        journal.Progress(StatementWords.Of("migrations.statements.runs", statement, count));
        var outcome = await TryAsync(before, cancellation).ConfigureAwait(false);
        if (outcome is not MigrationOutcome.Unknown)
        {
            await EndAsync(mark, outcome is null ? StatementMark.Done : StatementMark.Failed).ConfigureAwait(false);
        }

        return outcome;
    }

    private Task EndAsync(StatementMark mark, string state) =>
        journal.RecordAsync(mark with { State = state }, CancellationToken.None);

    private async Task<MigrationOutcome?> TryAsync(IReadOnlyList<long> before, CancellationToken cancellation)
    {
        var waiting = new LockWaiting(budget, journal.Progress, time);
        await using var watch = new LockWatch(
            session.Target,
            session.ApplicationName,
            WatchedBackends.Of(session),
            kind.WaitsHarmlessly ? budget.Total : budget.Try,
            time
        );
        await using var acting = new BlockerActing(
            session.Target,
            session.ApplicationName,
            budget.Blockers,
            journal.Deed,
            journal.Progress,
            time
        );
        var limit = budget.Try;
        for (var tries = 1; ; tries++)
        {
            var error = await AnswerAsync(watch, acting, limit, cancellation).ConfigureAwait(false);
            Waited(watch.Waited);
            if (error is null)
            {
                return await SeenAsync(before, cancellation).ConfigureAwait(false);
            }

            if (await EndedAsync(error, watch, before, cancellation).ConfigureAwait(false) is { } ended)
            {
                return ended;
            }

            waiting.Meet(Strangers(watch));
            var next =
                watch.Exceeded && kind.WaitsHarmlessly
                    ? null
                    : await waiting.NextTryAsync(session, acting, tries, cancellation).ConfigureAwait(false);
            if (next is null)
            {
                var refused = waiting.NotGranted(tries);
                return await HalfDoneAsync(before, error, cancellation).ConfigureAwait(false)
                    ?? refused with
                    {
                        Finding = StatementWords.NotGranted(statement, count, refused, budget.Total),
                    };
            }

            limit = next.Value;
        }
    }

    /// <summary>Who was waited for; our own short looks are waited for as well, and nobody's business.</summary>
    private List<Blocker> Strangers(LockWatch watch) =>
        [.. watch.Blockers.Where(b => b.Application != session.ApplicationName)];

    private void Waited(TimeSpan waited) =>
        LongestWait = kind.WaitsHarmlessly || LongestWait > waited ? LongestWait : waited;

    /// <summary>The server's error; null when it says that the statement is done.</summary>
    private async Task<PostgresException?> AnswerAsync(
        LockWatch watch,
        BlockerActing acting,
        TimeSpan limit,
        CancellationToken cancellation
    )
    {
        watch.Budget = kind.WaitsHarmlessly ? budget.Total : limit;
        var milliseconds = kind.WaitsHarmlessly ? 0 : Math.Max(1, Math.Ceiling(limit.TotalMilliseconds));
        var timeout = string.Create(
            CultureInfo.InvariantCulture,
            $"set lock_timeout = {milliseconds}; set synchronous_commit = local"
        );
        await session.ExecuteAsync(timeout, cancellation).ConfigureAwait(false);
        var sql = await kind.SqlAsync(statement, session, cancellation).ConfigureAwait(false);
        PostgresException? error = null;
        var answered = false;
        try
        {
            await TellingAsync(
                    watch,
                    acting,
                    watch.OverAsync(
                        async () =>
                        {
                            error = await ExecuteAsync(sql, cancellation).ConfigureAwait(false);
                            return answered = true;
                        },
                        cancellation
                    ),
                    cancellation
                )
                .ConfigureAwait(false);
        }
        catch (NpgsqlException) when (answered)
        {
            // Nobody looked on to the end, but the server has answered.
        }

        return error;
    }

    private async Task<PostgresException?> ExecuteAsync(string sql, CancellationToken cancellation)
    {
        try
        {
            await session.ExecuteOneAsync(sql, cancellation).ConfigureAwait(false);
            return null;
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            return e;
        }
    }

    /// <summary>Says who is waited for while it is waited, and where that stalls nobody acts against them as the change says.</summary>
    private async Task TellingAsync(
        LockWatch watch,
        BlockerActing acting,
        Task<bool> work,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<Blocker> known = [];
        try
        {
            while (!work.IsCompleted)
            {
                await Task.WhenAny(work, Task.Delay(TellEvery, time, CancellationToken.None)).ConfigureAwait(false);
                known = LockWaiting.Tell(Strangers(watch), known, journal.Progress);
                if (kind.WaitsHarmlessly && !work.IsCompleted)
                {
                    await acting.OnAsync(Strangers(watch), cancellation).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await work.ConfigureAwait(false);
        }
    }

    /// <summary>The catalogs must show it, where they can.</summary>
    private async Task<MigrationOutcome?> SeenAsync(IReadOnlyList<long> before, CancellationToken cancellation) =>
        kind.IsSeen
        && await kind.FateAsync(session, before, cancellation).ConfigureAwait(false) == StatementFate.NotDone
            ? new MigrationOutcome.Failed("", StatementWords.Of("migrations.statements.no-effect", statement, count))
            : null;

    /// <summary>What a failed try means; null where only locks were in its way.</summary>
    private async Task<MigrationOutcome?> EndedAsync(
        PostgresException error,
        LockWatch watch,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    )
    {
        var left = await leftovers.DropAsync(before, cancellation).ConfigureAwait(false);
        var reason = StatementWords.Failed(statement, error, left.Dropped);
        if (left.Problem is not null)
        {
            return StatementWords.Left(statement, left.Problem, reason);
        }

        if (kind.LeavesHalf)
        {
            return StatementWords.Half(statement, reason);
        }

        var locksOnly =
            MigrationTransaction.MayBeRepeated(error)
            || (error.SqlState == PostgresErrorCodes.QueryCanceled && watch.Exceeded);
        return locksOnly
            ? null
            : await HalfDoneAsync(before, error, cancellation).ConfigureAwait(false)
                ?? new MigrationOutcome.Failed(error.SqlState, reason);
    }

    private async Task<MigrationOutcome?> HalfDoneAsync(
        IReadOnlyList<long> before,
        PostgresException error,
        CancellationToken cancellation
    )
    {
        var half = await kind.HalfDoneAsync(session, before, cancellation).ConfigureAwait(false);
        return half.Count == 0 ? null : StatementWords.HalfDone(statement, kind, half, error);
    }
}
