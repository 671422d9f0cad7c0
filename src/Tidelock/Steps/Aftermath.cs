using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// What a committed change, or its way back, meets elsewhere: standbys that have yet to replay it, statements that were prepared before it.
/// Looked at before and after; found out and told, never a failure.
/// </summary>
internal sealed class Aftermath : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly StepContext context;
    private readonly bool again;
    private IReadOnlyList<Standby> standbys = [];
    private PreparedProbe? probe;
    private PgBouncerConsole? pooler;
    private Message? unreached;

    private Aftermath(StepContext context, bool again) => (this.context, this.again) = (context, again);

    /// <summary>
    /// Before the change. Where an earlier start of the step may have committed it, and on the way back, nothing found here ends the step;
    /// the same goes for who was told to stop.
    /// </summary>
    /// <param name="context">The step's.</param>
    /// <param name="step">Its name.</param>
    /// <param name="probed">Of which relation and its dependents a statement is prepared; null for none.</param>
    /// <param name="cancellation">Ends the looking.</param>
    /// <exception cref="TidelockException">The pooler's console does not answer: it could not be told to reconnect.</exception>
    public static async Task<Aftermath> ExpectAsync(
        StepContext context,
        string step,
        RelationName? probed,
        CancellationToken cancellation
    )
    {
        var aftermath = new Aftermath(context, context.State.Step(step).Attempts > 1);
        var mayRefuse = !aftermath.again && context.State.Rollback is null;
        try
        {
            await aftermath.LookAsync(probed, mayRefuse, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (cancellation.IsCancellationRequested || (!mayRefuse && IsOnlyALook(e)))
        {
            context.Report(e is TidelockException told ? told.Problem : Unasked(e));
        }
        catch
        {
            await aftermath.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return aftermath;
    }

    private static bool IsOnlyALook(Exception e) =>
        e
            is NpgsqlException
                or TidelockException
                and not JournalUnwritableException
                and not RunTakenOverException
                and not TargetLostException;

    private static Message Unasked(Exception e) => Message.Of("migrations.standbys.unasked", ("reason", e.Message));

    private async Task LookAsync(RelationName? probed, bool mayRefuse, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var seen = await Standbys.ReadAsync(session, cancellation).ConfigureAwait(false);
        standbys = seen ?? [];
        if (StandbyReplay.Told(seen) is { } told)
        {
            context.Report(told);
        }

        await CancelledReaders.ExpectAsync(context, cancellation).ConfigureAwait(false);
        if (probed is not null)
        {
            probe = await PreparedProbe
                .PrepareAsync(
                    await context.OpenAsync(cancellation).ConfigureAwait(false),
                    [probed, .. Dependents(probed)],
                    cancellation
                )
                .ConfigureAwait(false);
        }

        try
        {
            pooler =
                context.TargetEnvironment.PgBouncer.Length == 0
                    ? null
                    : await PgBouncerConsole
                        .OpenAsync(
                            context.TargetEnvironment.PgBouncer,
                            context.ApplicationName,
                            context.Time,
                            cancellation
                        )
                        .ConfigureAwait(false);
        }
        catch (TidelockException e) when (!mayRefuse)
        {
            unreached = Message.Of("migrations.reconnect-untold", ("reason", e.Problem));
        }
    }

    /// <summary>What depends on it, as the baseline has it: with the relation's columns those of a dependent may change.</summary>
    private IEnumerable<RelationName> Dependents(RelationName probed) =>
        RunBaseline.Of(context)?.Closure is { } closure && closure.Relation.Name == probed
            ? closure.Dependents.Select(d => d.Name)
            : [];

    /// <summary>After the commit: the finding, and what there is to tell besides.</summary>
    public async Task<Message> WithAsync(Message applied, CancellationToken cancellation)
    {
        var (works, broken) = probe is null ? (null, null) : await probe.AskAsync(cancellation).ConfigureAwait(false);

        // What an earlier start committed came before this probe: that it works says nothing of who prepared before that.
        var isHarmless = works == true && !again;
        var found = new[]
        {
            broken,
            isHarmless ? null : await ReconnectedAsync(cancellation).ConfigureAwait(false),
            await ReplayedAsync(cancellation).ConfigureAwait(false),
            await CancelledReaders.FindAsync(context, cancellation).ConfigureAwait(false),
        };
        return found
            .OfType<Message>()
            .Aggregate(
                applied,
                (all, remark) => Message.Of("migrations.applied-but", ("applied", all), ("remark", remark))
            );
    }

    public ValueTask DisposeAsync() => probe?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Where prepared statements fail now, or nobody knows. It may be done twice: it closes what no client uses.</summary>
    private async Task<Message?> ReconnectedAsync(CancellationToken cancellation) =>
        pooler is null
            ? unreached
            : await pooler.ReconnectAsync(context.Target.Database, cancellation).ConfigureAwait(false);

    private async Task<Message?> ReplayedAsync(CancellationToken cancellation)
    {
        if (standbys.Count == 0)
        {
            return null;
        }

        try
        {
            context.Report(Message.Of("migrations.standbys.waiting", ("count", standbys.Count), ("limit", Patience)));
            await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
            var replay = await StandbyReplay
                .AwaitAsync(session, standbys, Patience, context.Time, cancellation)
                .ConfigureAwait(false);
            await context
                .RecordAsync(StandbyReplay.Fact, replay, MigrationsJson.Default.StandbyReplay, CancellationToken.None)
                .ConfigureAwait(false);
            return replay.Finding;
        }
        catch (Exception e) when (IsOnlyALook(e))
        {
            return Unasked(e);
        }
    }
}
