using Npgsql;
using Tidelock.Changes;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>
/// Runs a file statement by statement under a run's journal, each exactly once: a mark before it and one after it. Whoever comes after a
/// crash, a lost connection or a cancellation asks the catalogs about the statement that had begun.
/// </summary>
internal sealed class StatementsOnce(StepContext context, ChangeFile file, LockBudget locks)
{
    internal const string Fact = "statement";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Whether a statement of it may have been made.</summary>
    public bool HasBegun => Last() is not null;

    public async Task<MigrationOutcome> RunAsync(StatementDirection direction, CancellationToken cancellation)
    {
        var run = Work(direction);
        try
        {
            return await run.RunAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception) when (cancellation.IsCancellationRequested && Last() is not null)
        {
            return await SettledAsync(run).ConfigureAwait(false) ?? throw new OperationCanceledException(cancellation);
        }
        catch (TidelockException e)
            when (!ConnectionLoss.IsLoss(e) && !EndsEpoch(e) && run.Broken(e.Message) is not null)
        {
            return run.Broken(e.Message)!;
        }
    }

    /// <summary>How far the file has come, as its marks and the catalogs say; null where nothing of it is in place.</summary>
    public async Task<MigrationOutcome?> StandsAsync(StatementDirection direction, CancellationToken cancellation) =>
        Last() is null ? null : await Work(direction).SettledAsync(cancellation).ConfigureAwait(false);

    private StatementRun Work(StatementDirection direction)
    {
        var journal = new StatementJournal(context.OpenAsync, Last, RecordAsync, context.Report)
        {
            Deed = context.RecordAsync,
        };
        return new StatementRun(StatementFile.Read(file), direction, locks, journal, context.Time);
    }

    private StatementMark? Last() => context.Fact(Fact, MigrationsJson.Default.StatementMark);

    private Task RecordAsync(StatementMark mark, CancellationToken cancellation) =>
        context.RecordAsync(Fact, mark, MigrationsJson.Default.StatementMark, cancellation);

    /// <summary>What is in place after it was stopped, asked in little time.</summary>
    /// <exception cref="TargetLostException">The database does not answer.</exception>
    private async Task<MigrationOutcome?> SettledAsync(StatementRun run)
    {
        using var limit = new CancellationTokenSource(Patience, context.Time);
        try
        {
            return await run.SettledAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (ConnectionLoss.IsLoss(e))
        {
            throw new TargetLostException(NotAsked(), e);
        }
        catch (Exception e)
            when (e is NpgsqlException or TidelockException or OperationCanceledException && !EndsEpoch(e))
        {
            return new MigrationOutcome.Unknown("", NotAsked()) { InPart = true };
        }
    }

    private static bool EndsEpoch(Exception e) =>
        e is JournalUnwritableException or RunTakenOverException or TargetLostException;

    private Message NotAsked() =>
        Message.Of(
            "runs.statement-not-asked",
            ("file", file.Path),
            ("line", Last()!.Line),
            ("statement", Last()!.Statement),
            ("target", context.Target)
        );
}
