using Npgsql;
using Tidelock.Changes;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// A move there and back again that ends as a refusal, whatever it finds: nobody commits a refused move. Holds its locks for
/// <see cref="Limit"/> at most.
/// </summary>
/// <param name="change">The change.</param>
/// <param name="start">With what is there.</param>
/// <param name="time">The clock.</param>
internal sealed class TargetMove(Change change, WayRehearsal start, TimeProvider time) : IMigrationMove
{
    /// <summary>Readers queue as long as this in the worst case.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>A little more than <see cref="Limit"/>, for where nothing of ours can cancel any more.</summary>
    private static readonly string[] AtServer =
    [
        "set local statement_timeout = '3s'",
        "set local idle_in_transaction_session_timeout = '3s'",
    ];

    /// <summary>What COMMIT would check, and then what the next file would find: it has a transaction of its own in a run.</summary>
    private static readonly string[] AtItsEnd =
    [
        "set constraints all immediate",
        "reset session authorization",
        "reset role",
        "reset row_security",
        "set local search_path to pg_catalog",
    ];

    private readonly Migration migration = change.Section<Migration>();
    private readonly IMigrationMove forward = change.Section<Migration>().Forward(start.Before);
    private TargetTrace? trace;
    private TimeSpan spent;
    private bool hasRun;
    private long? locking;
    private WayRehearsal? found;

    /// <summary>What was found in the last try.</summary>
    public WayRehearsal Result
    {
        get => found ?? start;
        private set => found = value;
    }

    /// <summary>Whether the way there was gone to its end.</summary>
    public bool Done { get; private set; }

    /// <summary>How long the last try was under way with locks, until now; null where there was none.</summary>
    public TimeSpan? UnderWay => locking is { } since ? time.GetElapsedTime(since) : null;

    public bool MustBeRepeated => forward.MustBeRepeated;

    public async Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation)
    {
        trace ??= await TargetTrace.BeginAsync(session, cancellation).ConfigureAwait(false);
        return await forward.PrepareAsync(session, cancellation).ConfigureAwait(false);
    }

    public Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation) =>
        forward.BuildAsync(open, cancellation);

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
    {
        (Result, Done, hasRun, locking) = (start, false, false, time.GetTimestamp());
        var tooLong = Message.Of("rehearsals.target.too-long", ("limit", Limit));
        if (spent >= Limit)
        {
            return tooLong;
        }

        using var limit = new CancellationTokenSource(Limit - spent, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            foreach (var setting in AtServer)
            {
                await open.ExecuteAsync(setting, this, both.Token).ConfigureAwait(false);
            }

            var refusal = await ThereAsync(open, both.Token).ConfigureAwait(false);
            if (refusal is null)
            {
                Done = true;
                await BackAsync(open, both.Token).ConfigureAwait(false);
            }

            return refusal ?? Message.Of("rehearsals.target.rolled-back");
        }
        catch (Exception e) when (limit.IsCancellationRequested && IsCancelled(e))
        {
            Result = Result with { Problem = Message.Of("rehearsals.target.problem", ("reason", tooLong)) };
            return tooLong;
        }
        finally
        {
            open.Ran = null;

            // A try that waited for its first lock held none; all others together keep to the limit.
            spent += hasRun ? time.GetElapsedTime(locking.Value) : TimeSpan.Zero;
        }
    }

    public Message Explain(PostgresException error, object? about) => forward.Explain(error, about);

    private static bool IsCancelled(Exception e) =>
        e is OperationCanceledException or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled };

    private async Task<Message?> ThereAsync(OpenTry open, CancellationToken cancellation)
    {
        _ = trace!.Take();
        var (oid, since) = (await OidAsync(open, cancellation).ConfigureAwait(false), time.GetTimestamp());
        var refusal = migration is SqlMigration sql
            ? await FileAsync(open, sql.Up, cancellation).ConfigureAwait(false)
            : await MoveAsync(open, forward, cancellation).ConfigureAwait(false);
        if (refusal is not null)
        {
            return refusal;
        }

        var took = time.GetElapsedTime(since);
        var contract = change.Section<Contract>();
        var drift = await ContractVerifier.ShapeAsync(open.Session, contract, cancellation).ConfigureAwait(false);
        Result = Result with
        {
            ForwardTook = took,
            Statements = trace.Take(),
            After = await ReadAsync(open, cancellation).ConfigureAwait(false),
            Recreates = oid is not null && oid != await OidAsync(open, cancellation).ConfigureAwait(false),
            Problem =
                drift.Count == 0
                    ? null
                    : Message.Of(
                        "rehearsals.target.problem",
                        (
                            "reason",
                            Message.Of(
                                "rehearsals.target.contract",
                                ("relation", contract.Relation),
                                ("drift", Several.Of(drift))
                            )
                        )
                    ),
        };
        return null;
    }

    /// <summary>The way back, where it can be gone in the same transaction.</summary>
    private async Task BackAsync(OpenTry open, CancellationToken cancellation)
    {
        if (Result.Problem is not null || Result.IsByRestore)
        {
            return;
        }

        var since = time.GetTimestamp();
        var problem = await WayBackAsync(open, cancellation).ConfigureAwait(false);
        var took = time.GetElapsedTime(since);
        if (problem is null && start.Relation is not null)
        {
            var now = await ReadAsync(open, cancellation).ConfigureAwait(false);
            var left = ClosureComparison.Differences(start.Before, now).Texts().ToList();
            problem =
                left.Count == 0
                    ? null
                    : Message.Of(
                        "rehearsals.target.not-back",
                        ("method", Result.Method),
                        ("count", left.Count),
                        ("differences", Several.Of(left))
                    );
        }

        Result = Result with
        {
            BackStatements = trace!.Take(),
            BackTook = problem is null ? took : null,
            Problem = problem is null ? null : Message.Of("rehearsals.target.problem", ("reason", problem)),
        };
    }

    private async Task<Message?> WayBackAsync(OpenTry open, CancellationToken cancellation)
    {
        IMigrationMove? back =
            Result.Method == "downgrade" ? null
            : start.Relation is null ? null
            : new ClosureMove(start.Relation, start.Before);
        if (back is null && migration.Down is null)
        {
            return Message.Of("rehearsals.no-way", ("method", Result.Method));
        }

        try
        {
            return back is null
                ? await FileAsync(open, migration.Down!, cancellation).ConfigureAwait(false)
                : await MoveAsync(open, back, cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e)
            when (!MigrationTransaction.MayBeRepeated(e)
                && !ConnectionLoss.EndsSession(e.SqlState)
                && e.SqlState != PostgresErrorCodes.QueryCanceled
            )
        {
            var reason = (back ?? new SqlMove(migration.Down!)).Explain(e, open.Doing);
            return Message.Of("rehearsals.target.back", ("method", Result.Method), ("reason", reason));
        }
    }

    private async Task<Message?> MoveAsync(OpenTry open, IMigrationMove move, CancellationToken cancellation)
    {
        open.Ran = (sql, token) =>
        {
            hasRun = true;
            return trace!.RanAsync(open.Session, sql, token);
        };
        var refusal = await move.ApplyAsync(open, cancellation).ConfigureAwait(false);
        open.Ran = null;
        return refusal;
    }

    /// <summary>Statement by statement, each as the text of a DO block's EXECUTE: there PostgreSQL itself refuses to commit.</summary>
    private async Task<Message?> FileAsync(OpenTry open, ChangeFile file, CancellationToken cancellation)
    {
        await open.ExecuteAsync("set local search_path to default", new AuthorsSql(file, ""), cancellation)
            .ConfigureAwait(false);
        foreach (var statement in StatementFile.Read(file).Statements)
        {
            // As many blanks as stand before it, so that an error's place is that of the file.
            var place = new string(' ', statement.Tokens[0].Start);
            var block = $"begin execute {Identifiers.Literal(place + statement.Text)}; end";
            await open.ExecuteAsync($"do {Identifiers.Literal(block)}", new AuthorsSql(file, ""), cancellation)
                .ConfigureAwait(false);
            hasRun = true;
            await trace!.RanAsync(open.Session, statement.Text, cancellation).ConfigureAwait(false);
        }

        foreach (var statement in AtItsEnd)
        {
            await open.ExecuteAsync(statement, new AuthorsSql(file, ""), cancellation).ConfigureAwait(false);
        }

        return null;
    }

    private async Task<RelationClosure?> ReadAsync(OpenTry open, CancellationToken cancellation) =>
        start.Relation is null
            ? null
            : (
                await ClosureCapture.ReadAsync(open.Session, start.Relation, cancellation).ConfigureAwait(false)
            ).ClosureOrNull;

    private async Task<uint?> OidAsync(OpenTry open, CancellationToken cancellation) =>
        start.Relation is null
            ? null
            : await open
                .Session.ScalarAsync<uint?>(
                    $"select to_regclass({Identifiers.Literal(start.Relation.Sql)})::oid",
                    cancellation
                )
                .ConfigureAwait(false);
}
