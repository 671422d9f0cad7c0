using Tidelock.Postgres;
using Tidelock.Rollbacks.Undoing;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>
/// Exchanges two databases within a run: the plan is journaled, clients are held back where a pooler can do that, both are closed, emptied and
/// renamed, and the run goes on in the one that has the name now. Whatever fails, the name leads into an open database afterwards.
/// </summary>
internal sealed class RunSwap(StepContext context, TimeSpan within)
{
    /// <summary>How long our own sessions may take to be gone, at the end of the time for all others.</summary>
    private static readonly TimeSpan OwnLeaving = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan PauseLimit = TimeSpan.FromSeconds(1);

    /// <summary>Clients wait meanwhile: a journal that does not answer is told later what became of the sequences.</summary>
    private static readonly TimeSpan NoteLimit = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan FirstClient = TimeSpan.FromSeconds(10);

    /// <summary>Does it once; nothing of it can be cancelled from the moment it is journaled.</summary>
    /// <param name="outside">A session in <c>postgres</c>.</param>
    /// <param name="plan">What becomes of which.</param>
    /// <param name="comment">Of the database that comes.</param>
    /// <param name="cancellation">Keeps it from being begun.</param>
    /// <returns>Why nothing was swapped; null when it was.</returns>
    public async Task<Message?> RunAsync(
        PostgresSession outside,
        SwapPlan plan,
        string? comment,
        CancellationToken cancellation
    )
    {
        var (console, unpaused) = await ConsoleAsync(cancellation).ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        if (
            await context.RunLock!.LeaveDatabaseAsync(plan.Coming, CancellationToken.None).ConfigureAwait(false) is
            { } stays
        )
        {
            return stays;
        }

        await context
            .RecordAsync(BesideFacts.Swap, plan, RollbacksJson.Default.SwapPlan, CancellationToken.None)
            .ConfigureAwait(false);
        var since = context.Time.GetTimestamp();
        if (console is not null)
        {
            unpaused = await console.PauseAsync(plan.Name, PauseLimit, CancellationToken.None).ConfigureAwait(false);
        }

        // Clients wait from the pause on.
        var held = console is null ? TimeSpan.Zero : context.Time.GetElapsedTime(since);
        Message? stuck = null;
        Interruption interruption;
        Message? problem;
        SwapNumbers numbers;
        try
        {
            (interruption, problem, numbers) = await ExchangeAsync(outside, plan, comment).ConfigureAwait(false);
        }
        finally
        {
            stuck = console is null
                ? null
                : await console.ResumeAsync(plan.Name, CancellationToken.None).ConfigureAwait(false);
        }

        await using (interruption.ConfigureAwait(false))
        {
            var interrupted = await interruption.EndAsync(FirstClient, context.Time).ConfigureAwait(false);
            await EndAsync(plan, problem, interrupted + held, stuck ?? unpaused, CarriedBy(numbers, plan))
                .ConfigureAwait(false);
        }

        return problem;
    }

    /// <summary>The event of a swap that the catalog tells of.</summary>
    public static DatabaseSwapped Event(
        RunState state,
        SwapPlan plan,
        TimeSpan? interrupted,
        Message? remark,
        SwapCarried? carried
    )
    {
        (string, object?)[] arguments =
        [
            ("name", plan.Name),
            ("kept", plan.Kept),
            ("took", (object?)interrupted ?? "?"),
            ("schemas", plan.Saved ?? ""),
        ];
        var code = (state.Rollback?.Method == UndoRollback.MethodName, plan.Saved is null) switch
        {
            (true, true) => "rollbacks.undo.swapped",
            (true, false) => "rollbacks.undo.swapped-with-saved",
            (false, true) => "rollbacks.beside.swapped",
            (false, false) => "rollbacks.beside.swapped-with-saved",
        };
        var finding = LostWords.With(Message.Of(code, arguments), carried?.Carried ?? []);
        List<Message> remarks = [.. new[] { remark, carried?.Problem }.OfType<Message>()];
        return new DatabaseSwapped(
            state.Identity! with
            {
                DatabaseOid = plan.Coming,
            },
            plan.Kept,
            interrupted,
            remarks.Count == 0
                ? finding
                : Message.Of("migrations.applied-but", ("applied", finding), ("remark", Several.All(remarks)))
        );
    }

    private async Task<(PgBouncerConsole? Console, Message? Problem)> ConsoleAsync(CancellationToken cancellation)
    {
        if (context.TargetEnvironment.PgBouncer.Length == 0)
        {
            return (null, null);
        }

        try
        {
            var console = await PgBouncerConsole
                .OpenAsync(context.TargetEnvironment.PgBouncer, context.ApplicationName, context.Time, cancellation)
                .ConfigureAwait(false);
            return (console, null);
        }
        catch (TidelockException e)
        {
            return (null, e.Problem);
        }
    }

    private async Task<(Interruption Interruption, Message? Problem, SwapNumbers Numbers)> ExchangeAsync(
        PostgresSession outside,
        SwapPlan plan,
        string? comment
    )
    {
        var swap = new DatabaseSwap(outside, plan, context.Time);
        var backend = await DatabaseSwap.BackendAsync(outside, CancellationToken.None).ConfigureAwait(false);
        Interruption? interruption = null;
        Message? problem;
        await using var numbers = await SwapNumbers
            .EnterAsync(context, swap, plan, CancellationToken.None)
            .ConfigureAwait(false);
        try
        {
            await swap.CloseAsync(CancellationToken.None).ConfigureAwait(false);
            interruption = Interruption.Begin(context.Target, context.ApplicationName, context.Time);
            var present = await EmptyAsync(swap, plan, numbers).ConfigureAwait(false);
            problem =
                present.Count == 0
                    ? null
                    : Message.Of(
                        "rollbacks.beside.occupied",
                        ("name", plan.Name),
                        ("limit", within),
                        ("sessions", string.Join(", ", present)),
                        ("beside", plan.Beside)
                    );
            if (problem is null)
            {
                await swap.RenameAsync(comment, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is Npgsql.NpgsqlException or TidelockException or IOException)
        {
            problem = Message.Of("rollbacks.beside.swap-failed", ("name", plan.Name), ("reason", RunLater.Reason(e)));
        }

        interruption ??= Interruption.Begin(context.Target, context.ApplicationName, context.Time);
        try
        {
            return (
                interruption,
                problem is null
                    ? null
                    : await SettleAsync(outside.Target, backend, plan, problem).ConfigureAwait(false),
                numbers
            );
        }
        catch
        {
            await interruption.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Everybody else out first, and then we ourselves.</summary>
    private async Task<IReadOnlyList<string>> EmptyAsync(DatabaseSwap swap, SwapPlan plan, SwapNumbers numbers)
    {
        var since = context.Time.GetTimestamp();
        var present = await swap.EmptyAsync(within, numbers.Backends, CancellationToken.None).ConfigureAwait(false);
        if (present.Count > 0)
        {
            return present;
        }

        await numbers.CarryAsync(CancellationToken.None).ConfigureAwait(false);
        await NoteAsync(CarriedBy(numbers, plan)).ConfigureAwait(false);
        var left = within - context.Time.GetElapsedTime(since);
        return await swap.EmptyAsync(left > OwnLeaving ? left : OwnLeaving, CancellationToken.None)
            .ConfigureAwait(false);
    }

    /// <summary>What there is to tell of the sequences, with those that an earlier try of this swap has carried; null for nothing.</summary>
    private SwapCarried? CarriedBy(SwapNumbers numbers, SwapPlan plan)
    {
        var earlier = BesideFacts.CarriedIn(context.State, plan);
        IReadOnlyList<RelationName> all = [.. (earlier?.Carried ?? []).Union(numbers.Carried)];
        return earlier is null && all.Count == 0 && numbers.Problem is null
            ? null
            : new SwapCarried(plan.Coming, all, numbers.Problem);
    }

    /// <summary>A program that is killed right behind the renaming cannot tell it, and the next one no longer sees it.</summary>
    private async Task NoteAsync(SwapCarried? carried)
    {
        if (carried is null)
        {
            return;
        }

        using var limit = new CancellationTokenSource(NoteLimit, context.Time);
        try
        {
            await context
                .RecordAsync(BesideFacts.Numbers, carried, RollbacksJson.Default.SwapCarried, limit.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // It is stored, in its order, once the journal answers.
        }
    }

    /// <summary>After a failure the catalog decides; the answer of a commit may have been lost.</summary>
    private async Task<Message?> SettleAsync(
        PostgresTarget outside,
        SwapBackend backend,
        SwapPlan plan,
        Message problem
    )
    {
        await using var second = await PostgresSession
            .OpenAsync(outside, context.ApplicationName, CancellationToken.None)
            .ConfigureAwait(false);
        var swap = new DatabaseSwap(second, plan, context.Time);
        await swap.EndAsync(backend, CancellationToken.None).ConfigureAwait(false);
        return await swap.SettleAsync(CancellationToken.None).ConfigureAwait(false) switch
        {
            SwapFate.Swapped => null,
            SwapFate.NotSwapped => problem,
            SwapFate.Unknown => throw new TidelockException(
                DatabaseSwap.Unsettled(plan, outside),
                ExitCode.NeedsPerson
            ),
        };
    }

    private async Task EndAsync(
        SwapPlan plan,
        Message? problem,
        TimeSpan? interrupted,
        Message? remark,
        SwapCarried? carried
    )
    {
        if (problem is null)
        {
            await context
                .AppendAsync(Event(context.State, plan, interrupted, remark, carried), CancellationToken.None)
                .ConfigureAwait(false);
        }
        else
        {
            await context
                .RecordAsync(BesideFacts.NotSwapped, plan, RollbacksJson.Default.SwapPlan, CancellationToken.None)
                .ConfigureAwait(false);
        }

        try
        {
            var other = await context
                .RunLock!.EnterDatabaseAsync(context.Target, context.ApplicationName, CancellationToken.None)
                .ConfigureAwait(false);
            if (other is not null)
            {
                context.Report(other.Describe(context.Target));
            }
        }
        catch (TidelockException e)
        {
            // It is held from postgres all the same.
            context.Report(e.Problem);
        }
    }
}
