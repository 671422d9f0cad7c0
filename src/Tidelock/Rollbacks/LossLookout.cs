using Tidelock.Backups;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>
/// Looks, from a run's change on and until it ends or goes back, how much a restore of its backup would lose: by the server's statistics alone,
/// every half minute. Told decides nothing; what cannot be looked at is looked at the next time.
/// </summary>
internal sealed class LossLookout : IBesideRun
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);

    /// <summary>Until the change begins.</summary>
    private static readonly TimeSpan Waiting = TimeSpan.FromMilliseconds(250);

    /// <summary>A look that takes longer is given up.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public IAsyncDisposable Begin(RunExecution execution) => new Looking(execution);

    /// <summary>Whether the change has begun, and neither the way back nor the end.</summary>
    internal static bool IsWanted(RunState state) =>
        state is { Status: RunStatus.Running, Rollback: null }
        && state.Step("migrate").Status is not StepStatus.Pending;

    private sealed class Looking : IAsyncDisposable
    {
        private readonly CancellationTokenSource stopping = new();
        private readonly RunExecution execution;
        private readonly Task work;
        private DateTimeOffset? nothingAt;

        public Looking(RunExecution execution)
        {
            this.execution = execution;
            work = Task.Run(() => WorkAsync(stopping.Token));
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        private async Task WorkAsync(CancellationToken stop)
        {
            while (true)
            {
                var isWanted = IsWanted(execution.Writer.State);
                if (isWanted)
                {
                    await TryLookAsync(stop).ConfigureAwait(false);
                }

                await Task.Delay(isWanted ? Every : Waiting, execution.Time, stop).ConfigureAwait(false);
            }
        }

        private async Task TryLookAsync(CancellationToken stop)
        {
            using var limit = new CancellationTokenSource(Limit, execution.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
            try
            {
                await LookAsync(either.Token).ConfigureAwait(false);
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                // Looked at again the next time; what was told last stands with its time.
            }
        }

        private async Task LookAsync(CancellationToken stop)
        {
            var state = execution.Writer.State;
            if (RunBackup.Of(state) is not { } backup)
            {
                return;
            }

            var lost = await ReadAsync(backup, stop).ConfigureAwait(false);
            var now = execution.Time.GetUtcNow();
            var told = PointOfNoReturn.Of(state);
            var found = new PointOfNoReturn(
                now,
                told?.Since ?? nothingAt ?? backup.TakenAt,
                lost.Whole,
                LostWords.Largest(lost)
            )
            {
                AtLeast = lost.AtLeast,
            };
            nothingAt = lost is { Whole: 0, AtLeast: false } ? now : nothingAt;
            if (found.IsNewsAfter(told))
            {
                await execution.Writer.AppendAsync(found.AsEvent(), stop).ConfigureAwait(false);
            }
        }

        private async Task<LostWrites> ReadAsync(RunBackup backup, CancellationToken stop)
        {
            if (Backup.Open(backup.Path).Manifest is not { } manifest)
            {
                return LostWrites.Unknown;
            }

            var name = execution.Run.ApplicationName(execution.Writer.State.Epoch);
            await using var session = await PostgresSession
                .OpenAsync(execution.Target, name, stop)
                .ConfigureAwait(false);
            return await LostWritesReader.CountersAsync(session, manifest, stop).ConfigureAwait(false);
        }
    }
}
