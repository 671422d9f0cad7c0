using System.Data;
using System.Globalization;
using Tidelock.Postgres;

namespace Tidelock.Probes.Postgres;

/// <summary>One connection that is kept from tick to tick, and made anew within the tick in which it was lost.</summary>
internal sealed class PostgresLink(ProbeContext context, string settings) : IAsyncDisposable
{
    private PostgresSession? session;

    /// <summary>Settings of a connection that reads statistics and bounds each statement by the tick's part.</summary>
    public static string ReadOnly(TimeSpan timeout) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"set default_transaction_read_only = on; set statement_timeout = {Math.Max(1, (long)timeout.TotalMilliseconds)}"
        );

    /// <summary>Reads, and reads once more on a new connection when the old one turns out to be gone.</summary>
    public async Task<T> UseAsync<T>(
        Func<PostgresSession, CancellationToken, Task<T>> read,
        CancellationToken cancellation
    )
    {
        if (session is not null)
        {
            try
            {
                return await read(session, cancellation).ConfigureAwait(false);
            }
            catch (Exception) when (IsLost && !cancellation.IsCancellationRequested)
            {
                await DisposeAsync().ConfigureAwait(false);
            }
        }

        session ??= await OpenAsync(cancellation).ConfigureAwait(false);
        return await read(session, cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (session is not null)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            session = null;
        }
    }

    /// <summary>Whether the connection is known to be gone.</summary>
    public bool IsLost => session?.Connection.State is not ConnectionState.Open;

    private async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        var opened = await PostgresSession
            .OpenAsync(context.Target, context.ApplicationName, cancellation)
            .ConfigureAwait(false);
        await opened.ExecuteAsync(settings, cancellation).ConfigureAwait(false);
        return opened;
    }
}
