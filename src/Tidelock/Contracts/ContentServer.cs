using Npgsql;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>
/// Where contents are read: on a standby where the environment names one, else on the server itself. What was committed there before the
/// first session is asked for has been replayed.
/// </summary>
/// <param name="standby">A connection string; empty for none.</param>
/// <param name="applicationName">What sessions call themselves.</param>
/// <param name="open">Opens a session of the server itself.</param>
/// <param name="time">The clock.</param>
/// <param name="report">Told where is read, and how old that is.</param>
internal sealed class ContentServer(
    string standby,
    string applicationName,
    Func<CancellationToken, Task<PostgresSession>> open,
    TimeProvider time,
    Action<Message> report
)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private (ServerIdentity Identity, string Position)? server;

    /// <summary>One more session, of the same server each time.</summary>
    /// <exception cref="StandbyException">There is a standby, and it cannot be used.</exception>
    public async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        if (standby.Length == 0)
        {
            return await open(cancellation).ConfigureAwait(false);
        }

        var first = server is null;
        server ??= await LookAsync(cancellation).ConfigureAwait(false);
        var session = await ConnectAsync(cancellation).ConfigureAwait(false);
        try
        {
            await RequireAsync(session, server.Value, first, cancellation).ConfigureAwait(false);
            return session;
        }
        catch (Exception e)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            throw e is NpgsqlException
                ? new StandbyException(Message.Of("contracts.compare.standby-lost", ("reason", e.Message)))
                : e;
        }
    }

    private async Task<(ServerIdentity, string)> LookAsync(CancellationToken cancellation)
    {
        await using var session = await open(cancellation).ConfigureAwait(false);
        return (
            await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false),
            await Standbys.PositionAsync(session, time, cancellation).ConfigureAwait(false)
        );
    }

    private async Task<PostgresSession> ConnectAsync(CancellationToken cancellation)
    {
        try
        {
            return await PostgresSession
                .OpenAsync(PostgresTarget.Parse(standby, ProcessVariables.Read()), applicationName, cancellation)
                .ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            throw new StandbyException(Message.Of("contracts.compare.standby-lost", ("reason", e.Problem)));
        }
    }

    private async Task RequireAsync(
        PostgresSession session,
        (ServerIdentity Identity, string Position) of,
        bool isFirst,
        CancellationToken cancellation
    )
    {
        var there = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        if (!there.InRecovery)
        {
            throw new StandbyException(Message.Of("contracts.compare.standby-no", ("standby", session.Target)));
        }

        if (
            there.SystemIdentifier != of.Identity.SystemIdentifier
            || there.Database != of.Identity.Database
            || there.DatabaseOid != of.Identity.DatabaseOid
        )
        {
            throw new StandbyException(Message.Of("contracts.compare.standby-other", ("standby", session.Target)));
        }

        await ReplayedAsync(session, of.Position, cancellation).ConfigureAwait(false);
        if (isFirst)
        {
            var age = await session
                .ScalarAsync<TimeSpan>("select now() - pg_last_xact_replay_timestamp()", cancellation)
                .ConfigureAwait(false);
            report(Message.Of("contracts.compare.on-standby", ("standby", session.Target), ("age", age)));
        }
    }

    private async Task ReplayedAsync(PostgresSession session, string position, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (
            !await session
                .ScalarAsync<bool>(
                    "select pg_last_wal_replay_lsn() >= $1::pg_lsn",
                    cancellation,
                    new NpgsqlParameter { Value = position }
                )
                .ConfigureAwait(false)
        )
        {
            if (time.GetElapsedTime(start) > Limit)
            {
                throw new StandbyException(
                    Message.Of("contracts.compare.standby-behind", ("standby", session.Target), ("limit", Limit))
                );
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }
}

/// <summary>A standby that cannot be used for a comparison: that says nothing of the server itself.</summary>
internal sealed class StandbyException(Message problem) : TidelockException(problem, ExitCode.Refused);
