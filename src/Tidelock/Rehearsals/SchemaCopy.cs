using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.Restoring;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// The target's schema without its data in a throwaway server of its own, or a throwaway database on staging's, with stub roles. Moves on it are made as the role that would
/// make them on the target. Disposing removes it.
/// </summary>
internal sealed class SchemaCopy : IAsyncDisposable
{
    internal const string ApplicationName = "tidelock/rehearsal";

    private readonly CopyPlace place;
    private readonly ClientPrograms clients;
    private readonly CopyRoles roles;

    private SchemaCopy(CopyPlace place, ClientPrograms clients, CopyRoles roles) =>
        (this.place, this.clients, this.roles) = (place, clients, roles);

    internal PostgresTarget Superuser => place.Superuser;

    /// <summary>What an operator should know about where it stands; nothing where that is this machine.</summary>
    public IReadOnlyList<Message> Notes => (place as StagingPlace)?.Notes ?? [];

    /// <summary>Copies the schema of the target; or says why that cannot be done here.</summary>
    /// <param name="target">Open and idle; only read.</param>
    /// <param name="programs">Client programs are asked for that dump the target and restore into where the copy stands.</param>
    /// <param name="major">The target's.</param>
    /// <param name="staging">The connection string of a server that may have the extensions this machine lacks; null for none.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="TidelockException">Server programs are missing, or the throwaway server does not start.</exception>
    public static async Task<(SchemaCopy? Copy, Message? Problem)> MakeAsync(
        PostgresSession target,
        BackupPrograms programs,
        int major,
        string? staging,
        CancellationToken cancellation
    )
    {
        var servers = await programs.ServersAsync(major, cancellation).ConfigureAwait(false);
        if (servers.Major < major)
        {
            return (null, Message.Of("rehearsals.old-server", ("have", servers.Major), ("needed", major)));
        }

        var source = await SourceSettings.ReadAsync(target, cancellation).ConfigureAwait(false);
        var local = await LocalPlace.StartAsync(servers, source, cancellation).ConfigureAwait(false);
        var (copy, problem) = await InAsync(local, target, programs, major, cancellation).ConfigureAwait(false);
        if (problem?.Code != "rehearsals.extensions" || staging is null)
        {
            return (copy, problem);
        }

        var identity = await ServerIdentity.ReadAsync(target, cancellation).ConfigureAwait(false);
        var (place, reason) = await StagingPlace
            .CreateAsync(staging, identity, source, cancellation)
            .ConfigureAwait(false);
        if (place is not null)
        {
            (copy, reason) = await InAsync(place, target, programs, major, cancellation).ConfigureAwait(false);
        }

        return copy is not null
            ? (copy, null)
            : (null, Message.Of("rehearsals.staging.neither", ("local", problem), ("staging", reason)));
    }

    /// <summary>A copy that has been filled otherwise: with a backup. Whoever made the place disposes it.</summary>
    public static SchemaCopy Of(CopyPlace place, ClientPrograms clients, CopyRoles roles) => new(place, clients, roles);

    private static async Task<(SchemaCopy?, Message?)> InAsync(
        CopyPlace place,
        PostgresSession target,
        BackupPrograms programs,
        int major,
        CancellationToken cancellation
    )
    {
        try
        {
            var clients = await programs.BetweenAsync(major, place.Major, cancellation).ConfigureAwait(false);
            var roles = await CopyRoles.ReadAsync(target, cancellation).ConfigureAwait(false);
            var copy = new SchemaCopy(place, clients, roles);
            if (await copy.FillAsync(target, cancellation).ConfigureAwait(false) is not { } problem)
            {
                return (copy, null);
            }

            await place.DisposeAsync().ConfigureAwait(false);
            return (null, problem);
        }
        catch
        {
            await place.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The copy for programs that connect by themselves, as the role that is connected to the target.</summary>
    /// <exception cref="InvalidOperationException">It stands on somebody's server, where no stub can log in.</exception>
    public Task<PostgresTarget> AdmitAsync(CancellationToken cancellation) =>
        place.AdmitAsync(roles.User, cancellation);

    /// <summary>The copy, as the role that is connected to the target.</summary>
    public Task<PostgresSession> OpenAsync(CancellationToken cancellation) => place.OpenAsync(roles.User, cancellation);

    /// <summary>From now on what is done on the copy is written down.</summary>
    public async Task<CopyTrace> TraceAsync(CancellationToken cancellation)
    {
        var trace = new CopyTrace(
            await PostgresSession.OpenAsync(Superuser, ApplicationName, cancellation).ConfigureAwait(false)
        );
        await trace.InstallAsync(cancellation).ConfigureAwait(false);
        return trace;
    }

    /// <summary>All that the copy holds now.</summary>
    public async Task<SchemaText> ReadAsync(CancellationToken cancellation)
    {
        var dumped = await new ChildProgram(
            clients.PgDump,
            ["--schema-only", "--no-password"],
            Superuser.LibpqEnvironment(ApplicationName)
        )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return SchemaText.Parse(dumped.OrThrow().Output);
    }

    /// <summary>Copies the rows of a few small tables as well, where a tool keeps its record.</summary>
    /// <param name="target">The database; only read.</param>
    /// <param name="patterns">Of tables, as pg_dump takes them; each must match something.</param>
    /// <returns>Why it could not be done; null when it was.</returns>
    public async Task<Message?> CopyRowsAsync(
        PostgresTarget target,
        IReadOnlyList<string> patterns,
        CancellationToken cancellation
    )
    {
        var file = Path.Combine(place.Folder, "rows.dump");
        var dumped = await new ChildProgram(
            clients.PgDump,
            [
                "--data-only",
                "--format=custom",
                "--file=" + file,
                "--strict-names",
                "--lock-wait-timeout=" + BackupTaker.LockWait,
                "--no-password",
                .. patterns.Select(p => "--table=" + p),
            ],
            target.LibpqEnvironment(ApplicationName)
        )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        var restored = !dumped.Succeeded
            ? dumped
            : await new ChildProgram(
                clients.PgRestore,
                [
                    "--data-only",
                    "--disable-triggers",
                    "--exit-on-error",
                    "--single-transaction",
                    "--dbname=" + Superuser.DatabaseArgument,
                    "--no-password",
                    file,
                ],
                Superuser.LibpqEnvironment(ApplicationName)
            )
                .RunAsync(cancellation)
                .ConfigureAwait(false);
        return restored.Succeeded
            ? null
            : Message.Of(
                "rehearsals.tool.record-not-copied",
                ("records", string.Join(", ", patterns)),
                ("words", restored.LastWords)
            );
    }

    public ValueTask DisposeAsync() => place.DisposeAsync();

    private async Task<Message?> FillAsync(PostgresSession target, CancellationToken cancellation)
    {
        await using var copy = await PostgresSession
            .OpenAsync(Superuser, ApplicationName, cancellation)
            .ConfigureAwait(false);
        if (await MissingAsync(target, copy, cancellation).ConfigureAwait(false) is { } missing)
        {
            return missing;
        }

        if (await RestoreAsync(target, copy, cancellation).ConfigureAwait(false) is { } problem)
        {
            return problem;
        }

        await RefreshAsync(target, copy, cancellation).ConfigureAwait(false);
        await roles.ApplyAsync(copy, place.Stubs, cancellation).ConfigureAwait(false);
        return null;
    }

    private async Task<Message?> MissingAsync(
        PostgresSession target,
        PostgresSession copy,
        CancellationToken cancellation
    )
    {
        var wanted = await target
            .QueryAsync("select extname::text from pg_extension", r => r.GetString(0), cancellation)
            .ConfigureAwait(false);
        var missing = await copy.QueryAsync(
                "select w from unnest($1::text[]) w where w not in (select name from pg_available_extensions) order by w",
                r => r.GetString(0),
                cancellation,
                new NpgsqlParameter { Value = wanted.ToArray() }
            )
            .ConfigureAwait(false);
        return missing.Count == 0 ? null : place.Lacks(string.Join(", ", missing));
    }

    private async Task<Message?> RestoreAsync(
        PostgresSession target,
        PostgresSession copy,
        CancellationToken cancellation
    )
    {
        var file = Path.Combine(place.Folder, "schema.dump");
        var dumped = await new ChildProgram(
            clients.PgDump,
            [
                "--schema-only",
                "--format=custom",
                "--file=" + file,
                "--no-tablespaces",
                "--no-subscriptions",
                "--lock-wait-timeout=" + BackupTaker.LockWait,
                "--no-password",
            ],
            target.Target.LibpqEnvironment(ApplicationName)
        )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        if (!dumped.Succeeded)
        {
            return Message.Of("rehearsals.dump-failed", ("target", target.Target), ("words", dumped.LastWords));
        }

        var (list, read) = await DumpList.ReadAsync(clients, file, cancellation).ConfigureAwait(false);
        if (list is null)
        {
            return Message.Of("rehearsals.restore-failed", ("target", target.Target), ("words", read.LastWords));
        }

        using var use = await UseList.ForCopyAsync(list, copy, [], [], cancellation).ConfigureAwait(false);
        var restored = await new ChildProgram(
            clients.PgRestore,
            [
                "--exit-on-error",
                "--single-transaction",
                "--no-tablespaces",
                "--use-list=" + use.Path,
                "--dbname=" + Superuser.DatabaseArgument,
                "--no-password",
                file,
            ],
            Superuser.LibpqEnvironment(ApplicationName)
        )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return restored.Succeeded
            ? null
            : Message.Of("rehearsals.restore-failed", ("target", target.Target), ("words", restored.LastWords));
    }

    /// <summary>Materialized views that have data on the target have some here, too: none, because the tables are empty.</summary>
    private static async Task RefreshAsync(PostgresSession target, PostgresSession copy, CancellationToken cancellation)
    {
        var left = await target
            .QueryAsync(
                """
                select n.nspname::text, c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where c.relkind = 'm' and c.relispopulated order by c.oid
                """,
                r => new RelationName(r.GetString(0), r.GetString(1)),
                cancellation
            )
            .ConfigureAwait(false);
        for (var before = left.Count + 1; left.Count > 0 && left.Count < before; )
        {
            before = left.Count;
            foreach (var view in left.ToList())
            {
                if (await IsRefreshedAsync(copy, view, cancellation).ConfigureAwait(false))
                {
                    left.Remove(view);
                }
            }
        }
    }

    /// <summary>One that reads another that has no data yet fails, and is tried again after it.</summary>
    private static async Task<bool> IsRefreshedAsync(
        PostgresSession copy,
        RelationName view,
        CancellationToken cancellation
    )
    {
        try
        {
            await copy.ExecuteAsync($"refresh materialized view {view.Sql}", cancellation).ConfigureAwait(false);
            return true;
        }
        catch (PostgresException)
        {
            return false;
        }
    }
}
