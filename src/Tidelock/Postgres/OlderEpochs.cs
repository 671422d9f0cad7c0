using System.Globalization;
using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>A backend that an earlier start of a run had left behind.</summary>
/// <param name="ProcessId">Its pid on the server.</param>
/// <param name="ApplicationName"><c>tidelock/RUN/EPOCH</c>.</param>
/// <param name="Database">Where it was connected.</param>
/// <param name="State"><c>active</c>, <c>idle in transaction</c>, …; empty without the right to see it.</param>
public sealed record OlderBackend(int ProcessId, string ApplicationName, string Database, string State);

/// <summary>
/// Ends what earlier starts of a run left behind on the server. Without it an orphaned backend can still get its lock and commit
/// after somebody has looked and found nothing done.
/// </summary>
public static class OlderEpochs
{
    /// <summary>
    /// Ends every backend of the run with an epoch below <paramref name="epoch"/>, in all databases of the server, and returns when the
    /// last one is gone. Programs that could connect again are to be ended first. May be called again.
    /// </summary>
    /// <param name="session">A session of the present epoch.</param>
    /// <param name="run">The run's id, as it stands in the application name.</param>
    /// <param name="epoch">The present epoch.</param>
    /// <param name="limit">How long to wait for them to go.</param>
    /// <exception cref="TidelockException"><c>postgres.epochs.not-allowed</c>, <c>postgres.epochs.still-there</c>.</exception>
    public static async Task<IReadOnlyList<OlderBackend>> EndAsync(
        PostgresSession session,
        string run,
        long epoch,
        TimeSpan limit,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var ended = new Dictionary<int, OlderBackend>();
        var since = time.GetTimestamp();
        while (true)
        {
            var older = await FindAsync(session, run, epoch, cancellation).ConfigureAwait(false);
            if (older.Count == 0)
            {
                return [.. ended.Values];
            }

            if (time.GetElapsedTime(since) > limit)
            {
                throw Failed("postgres.epochs.still-there", session, older);
            }

            foreach (var backend in older)
            {
                ended[backend.ProcessId] = backend;
            }

            await TerminateAsync(session, older, cancellation).ConfigureAwait(false);
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<List<OlderBackend>> FindAsync(
        PostgresSession session,
        string run,
        long epoch,
        CancellationToken cancellation
    )
    {
        const string sql = """
            select pid, application_name, coalesce(datname, ''), coalesce(state, '') from pg_stat_activity
            where starts_with(application_name, $1) and pid <> pg_backend_pid()
            """;
        var prefix = $"tidelock/{run}/";
        var all = await session
            .QueryAsync(
                sql,
                r => new OlderBackend(r.GetInt32(0), r.GetString(1), r.GetString(2), r.GetString(3)),
                cancellation,
                new NpgsqlParameter { Value = prefix }
            )
            .ConfigureAwait(false);
        return all.FindAll(b => EpochOf(b.ApplicationName[prefix.Length..]) < epoch);
    }

    private static long EpochOf(string text) =>
        long.TryParse(text.Split('/')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
            ? epoch
            : long.MaxValue;

    private static async Task TerminateAsync(
        PostgresSession session,
        List<OlderBackend> older,
        CancellationToken cancellation
    )
    {
        try
        {
            await session
                .QueryAsync(
                    "select pg_terminate_backend(pid) from unnest($1) pid",
                    r => r.GetBoolean(0),
                    cancellation,
                    new NpgsqlParameter { Value = older.Select(b => b.ProcessId).ToArray() }
                )
                .ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            throw Failed("postgres.epochs.not-allowed", session, older);
        }
    }

    private static TidelockException Failed(string code, PostgresSession session, List<OlderBackend> older) =>
        new(
            Message.Of(
                code,
                ("target", session.Target),
                ("backends", string.Join(", ", older.Select(b => $"{b.ProcessId} ({b.ApplicationName})"))),
                ("user", session.Target.User)
            ),
            ExitCode.NeedsPerson
        );
}
