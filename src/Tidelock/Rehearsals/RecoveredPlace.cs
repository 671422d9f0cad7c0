using Npgsql;
using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Rollbacks.Recovery;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// A throwaway server on the files of a whole server that pgBackRest has restored, recovered to the end of that backup. It has production's roles and
/// settings of databases, and a configuration of its own: nothing of it leads out.
/// </summary>
internal sealed class RecoveredPlace : BackupPlace
{
    /// <summary>What would lead out, or stand in the way of a change: event triggers of the database's own do not see it go.</summary>
    private const string Quieting = """
        set session_replication_role = replica;
        do $$ declare m record; w name; begin
          for w in select fdwname from pg_catalog.pg_foreign_data_wrapper where fdwhandler <> 0 loop
            execute format('alter foreign data wrapper %I no handler', w);
          end loop;
          for m in select srvname, case when umuser = 0 then 'public' else quote_ident(usename) end as who from pg_catalog.pg_user_mappings loop
            execute format('drop user mapping for %s server %I', m.who, m.srvname);
          end loop;
        end $$;
        update pg_catalog.pg_subscription set subenabled = false, subconninfo = 'host=/dev/null';
        set session_replication_role = origin
        """;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly RecoveryOrder order;
    private readonly TimeProvider time;

    private RecoveredPlace(LocalCluster cluster, RecoveryOrder order, TimeProvider time)
        : base(cluster) => (this.order, this.time) = (order, time);

    public override PostgresTarget Superuser => Cluster.TargetAs(order.Superuser, order.Identity.Database);

    /// <summary>Makes the folder; nothing is in it yet.</summary>
    /// <param name="programs">Of the backup's own major version.</param>
    /// <param name="order">What will be restored.</param>
    /// <param name="options">Where, and how long it may take.</param>
    /// <param name="listens">Whether programs must reach it over TCP, on 127.0.0.1 and with a password.</param>
    /// <param name="time">Measures the restore.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<RecoveredPlace> MakeAsync(
        ServerPrograms programs,
        RecoveryOrder order,
        RehearsalOptions options,
        bool listens,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var settings = new Dictionary<string, string>(Durable, StringComparer.Ordinal);
        foreach (var (name, value) in order.Settings.Concat(Harmless))
        {
            settings[name] = value;
        }

        var cluster = await LocalCluster
            .EmptyAsync(
                new LocalClusterOptions
                {
                    Parent = options.Folder,
                    Programs = programs,
                    ListensOnTcp = listens,
                    StartsWithin = options.Within,
                    Settings = settings,
                },
                cancellation
            )
            .ConfigureAwait(false);
        return new RecoveredPlace(cluster, order, time);
    }

    /// <summary>Restores the files, lets the server recover, and takes from it what leads out.</summary>
    public override async Task<(TimeSpan Took, Message? Problem)> RestoreAsync(CancellationToken cancellation)
    {
        var beside = Path.Combine(Folder, "beside");
        UnprivilegedUser.CreateFolder(beside);
        var started = time.GetTimestamp();
        var restored = await order.Set.Restore(Cluster.Data, beside).RunAsync(cancellation).ConfigureAwait(false);
        if (!restored.Succeeded)
        {
            return (time.GetElapsedTime(started), Failed(restored));
        }

        await Cluster.ConfigureAsync(Recovery(beside), cancellation).ConfigureAwait(false);
        if (await UnrecoveredAsync(cancellation).ConfigureAwait(false) is { } unrecovered)
        {
            return (time.GetElapsedTime(started), unrecovered);
        }

        var took = time.GetElapsedTime(started);
        await using var session = await SuperuserAsync(cancellation).ConfigureAwait(false);
        await QuietAsync(session, cancellation).ConfigureAwait(false);
        return (took, await MissingAsync(session, order.Extensions, cancellation).ConfigureAwait(false));
    }

    public override Task<PostgresSession> OpenAsync(string role, CancellationToken cancellation) =>
        PostgresSession.OpenAsync(
            Cluster.TargetAs(role, order.Identity.Database),
            SchemaCopy.ApplicationName,
            cancellation
        );

    /// <summary>Nothing of the server's acts by itself or reaches out.</summary>
    private static IReadOnlyDictionary<string, string> Harmless { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["hot_standby"] = "off",
            ["archive_mode"] = "off",
            ["max_wal_senders"] = "0",
            ["max_logical_replication_workers"] = "0",
            ["shared_preload_libraries"] = "",
            ["ssl"] = "off",
            ["recovery_target"] = "immediate",
            ["recovery_target_action"] = "promote",
            ["recovery_target_timeline"] = "current",
        };

    private Dictionary<string, string> Recovery(string beside) =>
        new(StringComparer.Ordinal)
        {
            // The server puts in names for what begins with a percent sign.
            ["restore_command"] =
                ShellWords.Line(order.Set.Fetch(Cluster.Data, beside)).Replace("%", "%%", StringComparison.Ordinal)
                + " %f \"%p\"",
        };

    /// <summary>Starts the server and waits until it lets somebody in, which is after it has recovered; pg_ctl does not wait for that. Why it does not, or null.</summary>
    private async Task<Message?> UnrecoveredAsync(CancellationToken cancellation)
    {
        try
        {
            await Cluster.StartServerAsync(cancellation).ConfigureAwait(false);
            while (await IsRecoveringAsync(cancellation).ConfigureAwait(false))
            {
                await Task.Delay(Look, time, cancellation).ConfigureAwait(false);
            }

            return null;
        }
        catch (TidelockException e)
        {
            var reason =
                e.Problem.Code is LocalCluster.NotStarted
                    ? e.Problem
                    : await LostAsync(e.Message).ConfigureAwait(false);
            return IsFull
                ? Full("")
                : Message.Of("rehearsals.files.not-recovered", ("backup", order.Set.Label), ("reason", reason));
        }
    }

    private async Task<bool> IsRecoveringAsync(CancellationToken cancellation)
    {
        try
        {
            await using var session = await SuperuserAsync(cancellation).ConfigureAwait(false);
            return false;
        }
        catch (TidelockException e)
            when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow })
        {
            return true;
        }
    }

    private async Task QuietAsync(PostgresSession session, CancellationToken cancellation)
    {
        var prepared = await session
            .QueryAsync(
                "select gid from pg_prepared_xacts where database = current_database()",
                r => r.GetString(0),
                cancellation
            )
            .ConfigureAwait(false);
        foreach (var transaction in prepared)
        {
            await session
                .ExecuteAsync($"rollback prepared {Identifiers.Literal(transaction)}", cancellation)
                .ConfigureAwait(false);
        }

        if (prepared.Count > 0)
        {
            Note(Message.Of("rehearsals.files.prepared", ("count", prepared.Count)));
        }

        await session.ExecuteAsync(Quieting, cancellation).ConfigureAwait(false);
    }

    private bool IsFull => FreeSpace.Of(Folder) < FreeSpace.Full;

    private Message Failed(ProgramResult result) =>
        IsFull
            ? Full(result.LastWords)
            : Message.Of(
                "rehearsals.files.restore-failed",
                ("backup", order.Set.Label),
                ("exit", result.ExitCode),
                ("words", result.LastWords),
                ("folder", Path.GetDirectoryName(Folder))
            );
}
