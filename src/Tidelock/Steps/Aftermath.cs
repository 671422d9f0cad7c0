using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>
/// What a committed change meets elsewhere: standbys that have yet to replay it, statements that were prepared before it. Looked at before
/// and after; found out and told, never a failure.
/// </summary>
internal sealed class Aftermath : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly StepContext context;
    private readonly IReadOnlyList<Standby> standbys;
    private readonly PreparedProbe? probe;
    private readonly PgBouncerConsole? pooler;

    private Aftermath(
        StepContext context,
        IReadOnlyList<Standby> standbys,
        PreparedProbe? probe,
        PgBouncerConsole? pooler
    ) => (this.context, this.standbys, this.probe, this.pooler) = (context, standbys, probe, pooler);

    /// <summary>
    /// Before the change. An earlier start of the step may have committed it: then nothing found here ends the step before that was asked,
    /// and the same goes for who was told to stop.
    /// </summary>
    /// <exception cref="TidelockException">The pooler's console does not answer: it could not be told to reconnect.</exception>
    public static async Task<Aftermath> ExpectAsync(StepContext context, CancellationToken cancellation)
    {
        try
        {
            return await LookAsync(context, cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
            when (cancellation.IsCancellationRequested
                || (
                    context.State.Step(MigrateStep.StepName).Attempts > 1
                    && e is TidelockException or NpgsqlException
                    && e is not JournalUnwritableException and not RunTakenOverException and not TargetLostException
                )
            )
        {
            if (e is TidelockException told)
            {
                context.Report(told.Problem);
            }

            return new Aftermath(context, [], null, null);
        }
    }

    private static async Task<Aftermath> LookAsync(StepContext context, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var standbys = await Standbys.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (StandbyReplay.Told(standbys) is { } told)
        {
            context.Report(told);
        }

        var pooler =
            context.TargetEnvironment.PgBouncer.Length == 0
                ? null
                : await PgBouncerConsole
                    .OpenAsync(context.TargetEnvironment.PgBouncer, context.ApplicationName, context.Time, cancellation)
                    .ConfigureAwait(false);
        var probe = RunBaseline.RelationOf(context.Change) is { } relation
            ? await PreparedProbe
                .PrepareAsync(await context.OpenAsync(cancellation).ConfigureAwait(false), relation, cancellation)
                .ConfigureAwait(false)
            : null;
        return new Aftermath(context, standbys ?? [], probe, pooler);
    }

    /// <summary>After the commit: the finding, and what there is to tell besides.</summary>
    public async Task<Message> WithAsync(Message applied, CancellationToken cancellation)
    {
        var (works, broken) = probe is null ? (null, null) : await probe.AskAsync(cancellation).ConfigureAwait(false);
        var found = new[]
        {
            broken,
            works == true ? null : await ReconnectedAsync(cancellation).ConfigureAwait(false),
            await ReplayedAsync(cancellation).ConfigureAwait(false),
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
            ? null
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
        catch (Exception e)
            when (e
                    is NpgsqlException
                        or TidelockException
                        and not JournalUnwritableException
                        and not RunTakenOverException
                        and not TargetLostException
            )
        {
            return Message.Of("migrations.standbys.unasked", ("reason", e.Message));
        }
    }
}
