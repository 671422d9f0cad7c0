using Npgsql;
using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// Lets a tool take the database along its path exactly once under a run's journal. The path is journaled before the tool runs, and so
/// is each child. Whoever comes after a crash ends the child and its backends, and then asks the tool's own record.
/// </summary>
internal sealed class ToolOnce(StepContext context, ToolMigration migration)
{
    private const string PathFact = "tool path";
    internal const string ChildFact = "tool child";
    private const string Step = "migrate";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>The way of this run's change; null before it was fixed.</summary>
    public ToolPath? Path => context.As(Step).Fact(PathFact, MigrationsJson.Default.ToolPath);

    public async Task<MigrationOutcome> UpAsync(CancellationToken cancellation)
    {
        await EndOrphanAsync(cancellation).ConfigureAwait(false);
        var run = await RunAsync(cancellation).ConfigureAwait(false);
        if (Path is { } known)
        {
            var fate = await run.FateAsync(known, ToolDirection.Up, null, cancellation).ConfigureAwait(false);
            return fate is MigrationOutcome.Failed or MigrationOutcome.Halfway
                ? await GoAsync(run, known, ToolDirection.Up, cancellation).ConfigureAwait(false)
                : fate;
        }

        var ground = await GroundAsync(cancellation).ConfigureAwait(false);
        var standing = await migration.Tool.AskAsync(ground, cancellation).ConfigureAwait(false);
        if (migration.Refusal(standing) is { } refusal)
        {
            return new MigrationOutcome.Refused(refusal);
        }

        var path = standing.Path;
        await context
            .As(Step)
            .RecordAsync(PathFact, path, MigrationsJson.Default.ToolPath, cancellation)
            .ConfigureAwait(false);
        return await GoAsync(run, path, ToolDirection.Up, cancellation).ConfigureAwait(false);
    }

    /// <summary>How far the way there was gone, as the tool's record says; null where it was never begun.</summary>
    public async Task<MigrationOutcome?> StandsAsync(CancellationToken cancellation)
    {
        if (Path is not { } path)
        {
            return null;
        }

        await EndOrphanAsync(cancellation).ConfigureAwait(false);
        var run = await RunAsync(cancellation).ConfigureAwait(false);
        return await run.FateAsync(path, ToolDirection.Up, null, cancellation).ConfigureAwait(false);
    }

    public async Task<MigrationOutcome> DownAsync(ToolPath path, CancellationToken cancellation)
    {
        await EndOrphanAsync(cancellation).ConfigureAwait(false);
        var run = await RunAsync(cancellation).ConfigureAwait(false);
        var fate = await run.FateAsync(path, ToolDirection.Down, null, cancellation).ConfigureAwait(false);
        // Halfway there is halfway back: the tool goes on from where it stands.
        return fate is MigrationOutcome.Failed or MigrationOutcome.Halfway
            ? await GoAsync(run, path, ToolDirection.Down, cancellation).ConfigureAwait(false)
            : fate;
    }

    private async Task<MigrationOutcome> GoAsync(
        ToolRun run,
        ToolPath path,
        ToolDirection direction,
        CancellationToken cancellation
    )
    {
        try
        {
            return await run.RunAsync(path, direction, RecordAsync, context.Report, cancellation).ConfigureAwait(false);
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            // The child is gone; what it had done by then is in its record.
            using var limit = new CancellationTokenSource(Patience, context.Time);
            var fate = await SettledAsync(run, path, direction, limit.Token).ConfigureAwait(false);
            return fate is MigrationOutcome.Failed ? throw new OperationCanceledException(cancellation) : fate;
        }
    }

    private async Task<MigrationOutcome> SettledAsync(
        ToolRun run,
        ToolPath path,
        ToolDirection direction,
        CancellationToken cancellation
    )
    {
        try
        {
            return await run.FateAsync(path, direction, null, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NpgsqlException or TidelockException or OperationCanceledException)
        {
            return new MigrationOutcome.Unknown(
                path.To,
                Message.Of("migrations.tool.unknown", ("tool", migration.Tool.Name), ("reason", e.Message))
            );
        }
    }

    private Task RecordAsync(StartedChild child) =>
        context.RecordAsync(ChildFact, child, MigrationsJson.Default.StartedChild, CancellationToken.None);

    /// <summary>Ends what an earlier start of this step, or of the way there, left running here, and then its backends: it could have connected again.</summary>
    private async Task EndOrphanAsync(CancellationToken cancellation)
    {
        var children = new[] { context, context.As(Step) }
            .Select(c => c.Fact(ChildFact, MigrationsJson.Default.StartedChild))
            .OfType<StartedChild>()
            .ToList();
        if (children.Count == 0)
        {
            return;
        }

        foreach (var child in children)
        {
            await child.EndAsync(TimeSpan.FromSeconds(5), context.Time, cancellation).ConfigureAwait(false);
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        await OlderEpochs
            .EndAsync(session, context.Run.Value, context.State.Epoch, Patience, context.Time, cancellation)
            .ConfigureAwait(false);
    }

    private async Task<ToolRun> RunAsync(CancellationToken cancellation) =>
        new(migration.Tool, await GroundAsync(cancellation).ConfigureAwait(false), context.Time)
        {
            Deed = context.RecordAsync,
        };

    private async Task<ToolGround> GroundAsync(CancellationToken cancellation)
    {
        // Also makes sure that it is still the database the run began on.
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return new ToolGround(context.Target, context.ApplicationName, identity, migration.Locks)
        {
            Time = context.Time,
        };
    }
}
