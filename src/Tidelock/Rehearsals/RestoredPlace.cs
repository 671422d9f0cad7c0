using System.Globalization;
using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.Restoring;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Rollbacks.InPlace;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// A throwaway server of this machine with a dump restored into it. It has the target's roles as stubs, so that owners and grants are proven, too. Nothing of the
/// restore leads out of it.
/// </summary>
internal sealed class RestoredPlace : BackupPlace
{
    private const string Database = "tidelock_rehearsal";
    private const string Trial = "tidelock_trial";
    private const int Connections = 100;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly RestoreOrder order;
    private readonly TimeProvider time;
    private bool isTried;

    private RestoredPlace(LocalCluster cluster, RestoreOrder order, TimeProvider time)
        : base(cluster) => (this.order, this.time) = (order, time);

    public override PostgresTarget Superuser => Cluster.TargetAs("postgres", Database);

    /// <summary>Who restores: the login of the target where the catalogs let it, else the superuser.</summary>
    public string Restorer { get; private set; } = "postgres";

    /// <summary>Why the login of the target could not restore; null where it could, or is a superuser itself.</summary>
    public Message? LoginProblem { get; private set; }

    /// <summary>Starts the server, with roles and no database yet.</summary>
    /// <param name="programs">No older than the backup's server.</param>
    /// <param name="order">What will be restored.</param>
    /// <param name="parent">Where it lies; null for the temporary folder.</param>
    /// <param name="listens">Whether programs must reach it over TCP, on 127.0.0.1 and with a password.</param>
    /// <param name="time">Measures the restore.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TidelockException"><c>postgres.cluster.*</c>.</exception>
    public static async Task<RestoredPlace> StartAsync(
        ServerPrograms programs,
        RestoreOrder order,
        string? parent,
        bool listens,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var options = new LocalClusterOptions
        {
            Parent = parent,
            Programs = programs,
            ListensOnTcp = listens,
            Settings = new Dictionary<string, string>(Durable, StringComparer.Ordinal)
            {
                // PostgreSQL's default, from which its log's buffers follow, too.
                ["shared_buffers"] = "128MB",

                // A restore in place holds each object's lock to its end: it has as many here as there.
                ["max_connections"] = Number(Connections),
                ["max_locks_per_transaction"] = Number((int)Math.Clamp(order.Locks / Connections, 10, int.MaxValue)),
            },
        };
        var cluster = await LocalCluster.StartAsync(options, cancellation).ConfigureAwait(false);
        return new RestoredPlace(cluster, order, time);
    }

    /// <summary>Restores into an empty database, in parallel, and analyzes it; a copy that is there goes first.</summary>
    /// <returns>How long that took, and why it failed; null when it is there.</returns>
    public override async Task<(TimeSpan Took, Message? Problem)> RestoreAsync(CancellationToken cancellation)
    {
        var problem =
            await CreateAsync(Database, cancellation).ConfigureAwait(false)
            ?? (isTried ? null : await TryLoginAsync(cancellation).ConfigureAwait(false));
        isTried = true;
        if (problem is not null)
        {
            return (TimeSpan.Zero, problem);
        }

        var started = time.GetTimestamp();
        var (result, least) = await WatchedAsync(
                PgRestoreAsync(Database, Restorer, ["--jobs=" + Number(order.Jobs)], cancellation)
            )
            .ConfigureAwait(false);
        if (!result.Succeeded)
        {
            return (time.GetElapsedTime(started), Failed(result, least));
        }

        await using var session = await SuperuserAsync(cancellation).ConfigureAwait(false);
        await AnalyzeAsync(session, cancellation).ConfigureAwait(false);
        var took = time.GetElapsedTime(started);
        await MarkFilledAsync(session, cancellation).ConfigureAwait(false);
        return (took, null);
    }

    private static async Task AnalyzeAsync(PostgresSession session, CancellationToken cancellation)
    {
        var outside = await ForeignReads.InheritedAsync(session, cancellation).ConfigureAwait(false);
        var only =
            outside.Count == 0
                ? ""
                : await session
                    .ScalarAsync<string>(
                        """
                        select ' ' || string_agg(c.oid::regclass::text, ', ') from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't' and c.oid <> all (array(select to_regclass(t)::oid from unnest($1::text[]) t))
                        """,
                        cancellation,
                        new NpgsqlParameter { Value = outside.Select(t => t.Sql).ToArray() }
                    )
                    .ConfigureAwait(false);
        await using var analyze = new NpgsqlCommand("analyze" + only, session.Connection) { CommandTimeout = 0 };
        await analyze.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>A materialized view that was left empty must not count as never filled, which it is not on the target; on a throwaway server the catalog may say so.</summary>
    private async Task MarkFilledAsync(PostgresSession session, CancellationToken cancellation)
    {
        if (order.Unfilled.Count > 0)
        {
            await session
                .ScalarAsync<long>(
                    """
                    with filled as (update pg_class set relispopulated = true
                      where oid = any (array(select to_regclass(v)::oid from unnest($1::text[]) v)) returning 1)
                    select count(*) from filled
                    """,
                    cancellation,
                    new NpgsqlParameter { Value = order.Unfilled.Select(v => v.Sql).ToArray() }
                )
                .ConfigureAwait(false);
        }
    }

    public override async Task<(TimeSpan Took, Message? Problem)> RestoreOverAsync(
        LockBudget locks,
        int? jobs,
        CancellationToken cancellation
    )
    {
        await using var session = await OpenAsync(Restorer, cancellation).ConfigureAwait(false);
        if (await InPlaceFit.ObstacleAsync(session, cancellation).ConfigureAwait(false) is { } obstacle)
        {
            return (TimeSpan.Zero, obstacle);
        }

        var restorer = new BackupRestorer(order.Clients, time)
        {
            More = ["--no-tablespaces"],
            Use = (list, to, token) => UseList.ForCopyAsync(list, to, order.Tables, order.Unfilled, token),
        };
        var intent = await restorer.PrepareAsync(order.Backup, session, cancellation).ConfigureAwait(false);
        var restored = await restorer
            .RestoreAsync(
                order.Backup,
                intent with
                {
                    Jobs = jobs,
                },
                Cluster.TargetAs(Restorer, Database),
                SchemaCopy.ApplicationName,
                locks,
                static _ => { },
                cancellation
            )
            .ConfigureAwait(false);
        if (restored.Fate is not RestoreFate.Restored)
        {
            return (restored.Took, restored.Finding);
        }

        await using var superuser = await OpenAsync("postgres", cancellation).ConfigureAwait(false);
        await MarkFilledAsync(superuser, cancellation).ConfigureAwait(false);
        return (restored.Took, null);
    }

    public override Task<PostgresSession> OpenAsync(string role, CancellationToken cancellation) =>
        OpenAsync(role, Database, cancellation);

    private Task<PostgresSession> OpenAsync(string role, string database, CancellationToken cancellation) =>
        PostgresSession.OpenAsync(Cluster.TargetAs(role, database), SchemaCopy.ApplicationName, cancellation);

    /// <summary>An empty database with the target's locale, owner and search_path; returns what it needs and this machine lacks.</summary>
    private async Task<Message?> CreateAsync(string name, CancellationToken cancellation)
    {
        await using var server = await OpenAsync("postgres", "postgres", cancellation).ConfigureAwait(false);
        await server
            .ExecuteAsync($"drop database if exists {Identifiers.Quote(name)} with (force)", cancellation)
            .ConfigureAwait(false);
        var there = await server
            .QueryAsync("select rolname::text from pg_roles", r => r.GetString(0), cancellation)
            .ConfigureAwait(false);
        var source = order.Source with { Roles = [.. order.Source.Roles.Except(there, StringComparer.Ordinal)] };
        var note = await CopyDatabase.CreateAsync(server, name, source, cancellation).ConfigureAwait(false);
        if (note is not null)
        {
            Note(note);
        }

        await using var copy = await OpenAsync("postgres", name, cancellation).ConfigureAwait(false);
        await order.Roles.ApplyAsync(copy, null, cancellation).ConfigureAwait(false);
        return await MissingAsync(copy, order.Extensions, cancellation).ConfigureAwait(false);
    }

    /// <summary>In earnest the login of the target restores, so it does here, if a trial with the schema alone shows that it can.</summary>
    private async Task<Message?> TryLoginAsync(CancellationToken cancellation)
    {
        var login = order.Roles.User;
        if (order.Roles.Superuser)
        {
            return null;
        }

        if (login == "postgres")
        {
            LoginProblem = Message.Of("rehearsals.data.login-unproven", ("login", login));
            return null;
        }

        if (await CreateAsync(Trial, cancellation).ConfigureAwait(false) is { } problem)
        {
            return problem;
        }

        var tried = await PgRestoreAsync(Trial, login, ["--schema-only"], cancellation).ConfigureAwait(false);
        if (tried.Succeeded)
        {
            Restorer = login;
        }
        else
        {
            LoginProblem = Message.Of("rehearsals.data.login-cannot", ("login", login), ("words", tried.LastWords));
        }

        await using var server = await OpenAsync("postgres", "postgres", cancellation).ConfigureAwait(false);
        await server
            .ExecuteAsync($"drop database if exists {Identifiers.Quote(Trial)} with (force)", cancellation)
            .ConfigureAwait(false);
        return null;
    }

    private async Task<ProgramResult> PgRestoreAsync(
        string database,
        string role,
        IReadOnlyList<string> how,
        CancellationToken cancellation
    )
    {
        await using var session = await OpenAsync("postgres", database, cancellation).ConfigureAwait(false);
        using var use = await UseList
            .ForCopyAsync(order.List, session, order.Tables, order.Unfilled, cancellation)
            .ConfigureAwait(false);
        return await new ChildProgram(
            order.Clients.PgRestore,
            [
                "--exit-on-error",
                "--no-tablespaces",
                "--no-subscriptions",
                .. how,
                "--use-list=" + use.Path,
                "--dbname=" + database,
                "--no-password",
                order.Backup.Dump,
            ],
            Cluster.TargetAs(role, database).LibpqEnvironment(SchemaCopy.ApplicationName)
        )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>How little room the disk had at its fullest: what fails is thrown away, and then there is room again.</summary>
    private async Task<(ProgramResult Result, long Least)> WatchedAsync(Task<ProgramResult> running)
    {
        var least = FreeSpace.Of(Folder);
        while (!running.IsCompleted)
        {
            await Task.WhenAny(running, Task.Delay(Look, time, CancellationToken.None)).ConfigureAwait(false);
            least = Math.Min(least, FreeSpace.Of(Folder));
        }

        return (await running.ConfigureAwait(false), least);
    }

    private Message Failed(ProgramResult result, long least) =>
        least < FreeSpace.Full
            ? Full(least, result.LastWords)
            : Message.Of(
                "backups.rehearsal.restore-failed",
                ("path", order.Backup.Path),
                ("exit", result.ExitCode),
                ("words", result.LastWords)
            );

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What is restored for proof.</summary>
/// <param name="Backup">A verified backup.</param>
/// <param name="List">What is in it.</param>
/// <param name="Source">What the copy needs around the data.</param>
/// <param name="Roles">Who would restore it, and what he may.</param>
/// <param name="Extensions">Of the target.</param>
/// <param name="Clients">Can read it.</param>
/// <param name="Jobs">Of pg_restore.</param>
/// <param name="Tables">Whose rows are restored; empty for all.</param>
/// <param name="Unfilled">Materialized views that read other servers, and so stay empty.</param>
/// <param name="Locks">How many locks the target's server has for all.</param>
internal sealed record RestoreOrder(
    Backup Backup,
    DumpList List,
    SourceSettings Source,
    CopyRoles Roles,
    IReadOnlyList<string> Extensions,
    ClientPrograms Clients,
    int Jobs,
    IReadOnlyCollection<RelationName> Tables,
    IReadOnlyList<RelationName> Unfilled,
    long Locks
)
{
    /// <summary>What leads to other servers, and is not on the copy.</summary>
    public IReadOnlyList<Message> LeftOut =>
        [
            .. List.HasUserMappings ? [Message.Of("rehearsals.data.no-mappings")] : Array.Empty<Message>(),
            .. Unfilled.Count > 0
                ? [Message.Of("rehearsals.data.unfilled", ("views", string.Join(", ", Unfilled)))]
                : Array.Empty<Message>(),
        ];
}
