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
    /// Before the change. Somebody who was told to stop before it began still has to find out what an earlier start had done: then there is
    /// nothing to expect, and it is not the end.
    /// </summary>
    /// <exception cref="TidelockException">The pooler's console does not answer: it could not be told to reconnect.</exception>
    public static async Task<Aftermath> ExpectAsync(StepContext context, CancellationToken cancellation)
    {
        try
        {
            return await LookAsync(context, cancellation).ConfigureAwait(false);
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
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
        var broken = probe is null ? null : await probe.AskAsync(cancellation).ConfigureAwait(false);
        var found = new[]
        {
            broken,
            broken is null && probe is not null ? null : await ReconnectedAsync(cancellation).ConfigureAwait(false),
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
            )
        {
            return Message.Of("migrations.standbys.unasked", ("reason", e.Message));
        }
    }
}
