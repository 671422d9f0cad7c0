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

    private Aftermath(StepContext context, IReadOnlyList<Standby> standbys, PreparedProbe? probe) =>
        (this.context, this.standbys, this.probe) = (context, standbys, probe);

    /// <summary>Before the change.</summary>
    public static async Task<Aftermath> ExpectAsync(StepContext context, CancellationToken cancellation)
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var standbys = await Standbys.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (StandbyReplay.Told(standbys) is { } told)
        {
            context.Report(told);
        }

        var probe = RunBaseline.RelationOf(context.Change) is { } relation
            ? await PreparedProbe
                .PrepareAsync(await context.OpenAsync(cancellation).ConfigureAwait(false), relation, cancellation)
                .ConfigureAwait(false)
            : null;
        return new Aftermath(context, standbys ?? [], probe);
    }

    /// <summary>After the commit: the finding, and what there is to tell besides.</summary>
    public async Task<Message> WithAsync(Message applied, CancellationToken cancellation)
    {
        var found = new[]
        {
            probe is null ? null : await probe.AskAsync(cancellation).ConfigureAwait(false),
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
