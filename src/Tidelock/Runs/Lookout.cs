using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>
/// Reads a run's signals beside its steps, from the commit to the beginning of the watch, and while people are asked in between: a tick each,
/// journaled and not judged. A fault of it stops no step; the watch finds out for itself.
/// </summary>
internal sealed class Lookout(ProbeFactory factory) : IBesideRun
{
    /// <summary>How long the end of its probes is waited for: one that hangs must not hold up the way back.</summary>
    private static readonly TimeSpan ClosingLimit = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Looks as soon as there is something to look at. Disposed, possibly more than once, it adds nothing to the journal any more, and its
    /// probes are closed unless they hang.
    /// </summary>
    public IAsyncDisposable Begin(RunExecution execution) => new Looking(factory, execution);

    /// <summary>Whether the change is in place and its watch has yet to begin.</summary>
    internal static bool IsWanted(RunState state) =>
        state is { Status: RunStatus.Running, InPlace: true, Rollback: null }
        && state.Step("watch").Status is StepStatus.Pending;

    private sealed class Looking : IAsyncDisposable
    {
        private readonly CancellationTokenSource stopping = new();
        private readonly ProbeFactory factory;
        private readonly RunExecution execution;
        private readonly WatchOptions options;
        private readonly Task work;
        private Task closing = Task.CompletedTask;

        public Looking(ProbeFactory factory, RunExecution execution)
        {
            (this.factory, this.execution) = (factory.By(execution.Time), execution);
            options = execution.Change.Section<WatchOptions>();
            work = options.Probes.Count == 0 ? Task.CompletedTask : Task.Run(() => WorkAsync(stopping.Token));
        }

        public async ValueTask DisposeAsync()
        {
            await stopping.CancelAsync().ConfigureAwait(false);
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ClosedAsync(CancellationToken.None).ConfigureAwait(false);
        }

        private async Task ClosedAsync(CancellationToken stop) =>
            await closing
                .WaitAsync(ClosingLimit, execution.Time, stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        private async Task WorkAsync(CancellationToken stop)
        {
            while (true)
            {
                await Task.Delay(options.Every, execution.Time, stop).ConfigureAwait(false);
                if (IsWanted(execution.Writer.State))
                {
                    await WatchAsync(stop).ConfigureAwait(false);
                }
            }
        }

        private async Task WatchAsync(CancellationToken stop)
        {
            IReadOnlyList<IProbe> probes = [];
            try
            {
                var name = execution.Run.ApplicationName(execution.Writer.State.Epoch);
                var measured = options.With(execution.Writer.State.Delays);
                probes = factory.Create(measured.Probes, execution.Target, name, options.Every);
                while (IsWanted(execution.Writer.State))
                {
                    var next = Task.Delay(options.Every, execution.Time, stop);
                    await TickAsync(probes, stop).ConfigureAwait(false);
                    await next.ConfigureAwait(false);
                }
            }
            catch (Exception) when (!stop.IsCancellationRequested)
            {
                // Tried again a tick later; the time in between was not seen.
            }
            finally
            {
                closing = Task.WhenAll(probes.Select(p => p.DisposeAsync().AsTask()));
                await ClosedAsync(stop).ConfigureAwait(false);
            }
        }

        private async Task TickAsync(IReadOnlyList<IProbe> probes, CancellationToken stop)
        {
            // One that does not heed its cancellation is left behind.
            var samples = await Task.WhenAll(probes.Select(p => p.ReadAsync(stop)))
                .WaitAsync(stop)
                .ConfigureAwait(false);
            await execution
                .Writer.AppendAsync(new WatchTicked(false, [.. samples.SelectMany(s => s)], []), stop)
                .ConfigureAwait(false);
        }
    }
}
