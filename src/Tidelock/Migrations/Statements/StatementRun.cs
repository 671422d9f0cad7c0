using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>
/// Runs a file statement by statement, each in a transaction of its own, from wherever its marks stand. What became of a statement that
/// nobody saw the end of is asked of the catalogs; where they cannot tell, it ends there.
/// </summary>
/// <param name="file">The statements.</param>
/// <param name="direction">Which way they lead.</param>
/// <param name="budget">How long to wait for locks.</param>
/// <param name="journal">How the database is reached and what is stored.</param>
/// <param name="time">The clock.</param>
internal sealed class StatementRun(
    StatementFile file,
    StatementDirection direction,
    LockBudget budget,
    StatementJournal journal,
    TimeProvider time
)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// A standby that is missing does not hold a statement's end up, and no statement runs longer than a day. Names mean what they mean
    /// in psql.
    /// </summary>
    private const string Pinned =
        "set synchronous_commit = local; set statement_timeout = '24h'; set search_path to default";

    private readonly IReadOnlyList<SqlStatement> statements = file.Statements;

    /// <summary>Goes on to the end of the file, or to the statement that fails.</summary>
    /// <exception cref="NpgsqlException">The connection was lost: come again.</exception>
    public async Task<MigrationOutcome> RunAsync(CancellationToken cancellation)
    {
        try
        {
            return await GoOnAsync(cancellation).ConfigureAwait(false);
        }
        catch (NpgsqlException e) when (!ConnectionLoss.IsLoss(e))
        {
            return Broken(StatementWords.Reason(e)) ?? NothingDone(e);
        }
    }

    /// <summary>
    /// What is in place after something beside the statements failed, by the marks alone; null where nothing was begun that may have
    /// taken effect.
    /// </summary>
    public MigrationOutcome? Broken(string reason)
    {
        if (journal.Last() is not { } last)
        {
            return null;
        }

        if (last.State == StatementMark.Begun)
        {
            return StatementWords.Unsettled(statements[last.Number - 1], reason);
        }

        var done = last.State == StatementMark.Done ? last.Number : last.Number - 1;
        return HasEffect(done) ? Halfway(done, StatementWords.NotBegun(Next(), reason)) : null;
    }

    /// <summary>The statement behind those that are done; the last one when all are.</summary>
    private SqlStatement Next()
    {
        var begun = journal.Last() is { } last ? last.Number - (last.State == StatementMark.Done ? 0 : 1) : 0;
        return statements[Math.Min(begun, statements.Count - 1)];
    }

    private async Task<MigrationOutcome> GoOnAsync(CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        await using var session = await OpenAsync(cancellation).ConfigureAwait(false);
        var (done, ended) = await SettleAsync(session, cancellation).ConfigureAwait(false);
        if (ended is not null)
        {
            return ended;
        }

        var waited = TimeSpan.Zero;
        await SetUpAsync(session, done, cancellation).ConfigureAwait(false);
        foreach (var statement in statements.Skip(done))
        {
            var one = new StatementTries(session, statement, statements.Count, budget, journal, time)
            {
                BeforeCut = journal.Last() is { State: StatementMark.Begun } cut ? cut.Before : null,
            };
            var outcome = await one.RunAsync(direction, cancellation).ConfigureAwait(false);
            waited = waited > one.LongestWait ? waited : one.LongestWait;
            if (outcome is not null)
            {
                return InPart(done, outcome);
            }

            done++;
        }

        return Applied(waited, time.GetElapsedTime(start));
    }

    /// <summary>What is in place where nobody goes on; null for nothing.</summary>
    public async Task<MigrationOutcome?> SettledAsync(CancellationToken cancellation)
    {
        await using var session = await OpenAsync(cancellation).ConfigureAwait(false);
        var (done, ended) = await SettleAsync(session, cancellation).ConfigureAwait(false);
        if (ended is null && journal.Last() is { State: StatementMark.Begun } cut)
        {
            var statement = statements[cut.Number - 1];
            var kind = StatementKind.Of(statement);
            var half = await kind.HalfDoneAsync(session, cut.Before, cancellation).ConfigureAwait(false);
            return StatementWords.HalfDone(statement, kind, half);
        }

        return ended
            ?? (
                done == statements.Count ? Applied(TimeSpan.Zero, TimeSpan.Zero)
                : !HasEffect(done) ? null
                : Halfway(done, Message.Of("migrations.statements.stopped"))
            );
    }

    private async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        var session = await journal.OpenAsync(cancellation).ConfigureAwait(false);
        try
        {
            await session.ExecuteAsync(Pinned, cancellation).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>What the file has set for its session so far.</summary>
    private async Task SetUpAsync(PostgresSession session, int done, CancellationToken cancellation)
    {
        foreach (var setting in statements.Take(done).Where(s => StatementKind.Of(s).IsSetting))
        {
            await session.ExecuteOneAsync(setting.Text, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>How many statements are done, or why it cannot go on.</summary>
    private async Task<(int Done, MigrationOutcome? Ended)> SettleAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (journal.Last() is not { } last)
        {
            return (0, null);
        }

        var statement = statements[last.Number - 1];
        var now = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (now.Timeline != last.Timeline)
        {
            return await AfterFailoverAsync(session, statement, last, now.Timeline, cancellation).ConfigureAwait(false);
        }

        if (last.State != StatementMark.Begun)
        {
            return (last.State == StatementMark.Done ? last.Number : last.Number - 1, null);
        }

        if (!await IsGoneAsync(session, last.Backend, cancellation).ConfigureAwait(false))
        {
            return (last.Number - 1, StatementWords.Unknown(statement, "still-running", statements.Count));
        }

        await SetUpAsync(session, last.Number - 1, cancellation).ConfigureAwait(false);
        return await FateAsync(session, statement, last, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// A standby that was promoted has everything up to some moment: where it has the last statement it has all before it. Where it has not,
    /// those before it may be missing too, and only the first one can be done again without knowing.
    /// </summary>
    private async Task<(int Done, MigrationOutcome? Ended)> AfterFailoverAsync(
        PostgresSession session,
        SqlStatement statement,
        StatementMark last,
        int timeline,
        CancellationToken cancellation
    )
    {
        await SetUpAsync(session, last.Number - 1, cancellation).ConfigureAwait(false);
        var fate =
            last.State == StatementMark.Failed
                ? StatementFate.NotDone
                : await StatementKind.Of(statement).FateAsync(session, last.Before, cancellation).ConfigureAwait(false);
        return fate == StatementFate.Done || (fate == StatementFate.NotDone && !HasEffect(last.Number - 1))
            ? await FateAsync(session, statement, last with { Timeline = timeline }, cancellation).ConfigureAwait(false)
            : (last.Number - 1, StatementWords.Unknown(statement, "other-timeline", statements.Count));
    }

    private async Task<(int Done, MigrationOutcome? Ended)> FateAsync(
        PostgresSession session,
        SqlStatement statement,
        StatementMark last,
        CancellationToken cancellation
    )
    {
        var kind = StatementKind.Of(statement);
        var fate = await kind.FateAsync(session, last.Before, cancellation).ConfigureAwait(false);
        if (fate == StatementFate.Unknown)
        {
            return (last.Number - 1, StatementWords.Unknown(statement, "unknown", statements.Count));
        }

        if (fate == StatementFate.NotDone)
        {
            var left = new StatementLeftovers(session, kind, budget, journal.Progress, time);
            if (await left.DropAsync(last.Before, cancellation).ConfigureAwait(false) is { Problem: { } problem })
            {
                return (last.Number - 1, StatementWords.Left(statement, problem));
            }

            if ((await kind.HalfDoneAsync(session, last.Before, cancellation).ConfigureAwait(false)).Count > 0)
            {
                // Its mark stays as it is: whoever goes on completes it, and until then it is not as it was.
                return (last.Number - 1, null);
            }
        }

        var done = fate == StatementFate.Done;
        var state = done ? StatementMark.Done : StatementMark.Failed;
        await journal.RecordAsync(last with { State = state }, cancellation).ConfigureAwait(false);
        journal.Progress(statement.Mistake(done ? "migrations.statements.found" : "migrations.statements.again"));
        return (done ? last.Number : last.Number - 1, null);
    }

    /// <summary>Ends the backend that had the statement, if it still works on it.</summary>
    private async Task<bool> IsGoneAsync(PostgresSession session, int backend, CancellationToken cancellation)
    {
        const string end = """
            select pg_catalog.pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
            where pid = $1 and pid <> pg_catalog.pg_backend_pid() and application_name = $2
            """;
        var start = time.GetTimestamp();
        while (true)
        {
            var there = await session
                .QueryAsync(
                    end,
                    r => r.GetBoolean(0),
                    cancellation,
                    new NpgsqlParameter { Value = backend },
                    new NpgsqlParameter { Value = session.ApplicationName }
                )
                .ConfigureAwait(false);
            if (there.Count == 0)
            {
                return true;
            }

            if (time.GetElapsedTime(start) > Patience)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation).ConfigureAwait(false);
        }
    }

    private MigrationOutcome InPart(int done, MigrationOutcome outcome) =>
        !HasEffect(done) || outcome is MigrationOutcome.Unknown ? outcome : Halfway(done, outcome.Finding);

    /// <summary>Whether these first statements did anything but set up the session.</summary>
    private bool HasEffect(int done) => statements.Take(done).Any(s => !StatementKind.Of(s).IsSetting);

    private MigrationOutcome.Failed NothingDone(NpgsqlException e) =>
        new((e as PostgresException)?.SqlState ?? "", StatementWords.NotBegun(Next(), StatementWords.Reason(e)));

    private MigrationOutcome.Halfway Halfway(int done, Message reason) =>
        new(
            Message.Of(
                "migrations.statements.halfway",
                ("file", file.File.Path),
                ("done", done),
                ("count", statements.Count),
                ("reason", reason)
            )
        );

    private MigrationOutcome.Applied Applied(TimeSpan waited, TimeSpan took) =>
        new(
            "",
            1,
            waited,
            took,
            Message.Of(
                "migrations.statements.applied",
                ("file", file.File.Path),
                ("count", statements.Count),
                ("took", took),
                ("wait", waited)
            )
        );
}

/// <summary>Which way a file leads.</summary>
internal enum StatementDirection
{
    There,
    Back,
}

/// <summary>What a file's run needs of whoever runs it.</summary>
/// <param name="OpenAsync">Opens a session of the epoch that has the run.</param>
/// <param name="Last">The newest mark; null for none.</param>
/// <param name="RecordAsync">Stores a mark; nothing is done before it returns.</param>
/// <param name="Progress">Told what is being done and who is waited for.</param>
internal sealed record StatementJournal(
    Func<CancellationToken, Task<PostgresSession>> OpenAsync,
    Func<StatementMark?> Last,
    Func<StatementMark, CancellationToken, Task> RecordAsync,
    Action<Message> Progress
)
{
    /// <summary>Stores what is done about a session in the way, before and after; null: nothing is done, whatever the budget says.</summary>
    public Func<BlockerDeed, CancellationToken, Task>? Deed { get; init; }
}
