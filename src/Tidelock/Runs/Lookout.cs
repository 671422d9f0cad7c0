using Tidelock.Probes;
using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>
/// Reads a run's signals beside its steps, from the commit to the beginning of the watch, and while people are asked in between: a tick each,
/// journaled and not judged. A fault of it stops no step; the watch finds out for itself.
/// </summary>
internal sealed class Lookout(ProbeFactory factory)
{
    /// <summary>Looks as soon as there is something to look at. Disposed, possibly more than once, none of its probes is open any more.</summary>
    public IAsyncDisposable Begin(RunExecution execution) => new Looking(factory, execution);

    private sealed class Looking : IAsyncDisposable
    {
        private readonly CancellationTokenSource stopping = new();
        private readonly ProbeFactory factory;
        private readonly RunExecution execution;
        private readonly WatchOptions options;
        private readonly Task work;

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
        }

        private async Task WorkAsync(CancellationToken stop)
        {
            while (true)
            {
                await Task.Delay(options.Every, execution.Time, stop).ConfigureAwait(false);
                if (execution.Writer.State is { InPlace: true, Rollback: null })
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
                while (true)
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
                await Task.WhenAll(probes.Select(p => p.DisposeAsync().AsTask()))
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        private async Task TickAsync(IReadOnlyList<IProbe> probes, CancellationToken stop)
        {
            var samples = await Task.WhenAll(probes.Select(p => p.ReadAsync(stop))).ConfigureAwait(false);
            await execution
                .Writer.AppendAsync(new WatchTicked(false, [.. samples.SelectMany(s => s)], []), stop)
                .ConfigureAwait(false);
        }
    }
}
