using System.Security.Cryptography;
using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Restoring;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// A throwaway database on the staging environment's server, for extensions that this machine lacks. It and the stub roles made for it say
/// whose they are, so that what a crash left behind is found and removed by the next rehearsal.
/// </summary>
internal sealed class StagingPlace : CopyPlace
{
    private const string Prefix = "tidelock_rehearsal_";
    private const string Sign = "tidelock rehearsal";

    /// <summary>Nobody is in it: whoever made it keeps a session there until it is dropped.</summary>
    private const string Left = $"""
        select d.datname::text from pg_database d
        where starts_with(d.datname, '{Prefix}') and starts_with(shobj_description(d.oid, 'pg_database'), '{Sign}')
          and not exists (select from pg_stat_activity a where a.datid = d.oid)
        """;

    private const string LeftRoles = $"""
        select r.rolname::text from pg_roles r
        where starts_with(shobj_description(r.oid, 'pg_authid'), '{Sign} ')
          and not exists (select from pg_database d where shobj_description(r.oid, 'pg_authid') = '{Sign} ' || d.datname)
        """;

    private readonly PostgresSession server;
    private readonly string database;
    private readonly HashSet<string> stubs = new(StringComparer.Ordinal);
    private readonly List<Message> notes = [];
    private PostgresSession? holder;

    private StagingPlace(PostgresSession server, string database) => (this.server, this.database) = (server, database);

    public override PostgresTarget Superuser => server.Target.WithDatabase(database);

    public override int Major => server.Connection.PostgreSqlVersion.Major;

    public override string Folder { get; } = Directory.CreateTempSubdirectory("tidelock-rehearsal-").FullName;

    public override IReadOnlySet<string> Stubs => stubs;

    public override Message Lacks(string extensions) =>
        Message.Of("rehearsals.staging.extensions", ("extensions", extensions));

    /// <summary>What an operator should know: where it is, and what an earlier one had left behind.</summary>
    public IReadOnlyList<Message> Notes => notes;

    /// <param name="connection">The staging environment's.</param>
    /// <param name="target">The server whose schema is copied.</param>
    /// <param name="source">What the copy needs.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Or why staging cannot be used.</returns>
    public static async Task<(StagingPlace? Place, Message? Problem)> CreateAsync(
        string connection,
        ServerIdentity target,
        SourceSettings source,
        CancellationToken cancellation
    )
    {
        PostgresSession? server = null;
        try
        {
            server = await PostgresSession
                .OpenAsync(
                    PostgresTarget.Parse(connection, ProcessVariables.Read()),
                    SchemaCopy.ApplicationName,
                    cancellation
                )
                .ConfigureAwait(false);
            var identity = await ServerIdentity.ReadAsync(server, cancellation).ConfigureAwait(false);
            if (await UnfitAsync(server, identity, target, cancellation).ConfigureAwait(false) is { } unfit)
            {
                await server.DisposeAsync().ConfigureAwait(false);
                return (null, unfit);
            }

            var name = Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
            var place = new StagingPlace(server, name);
            await place.FillAsync(source, cancellation).ConfigureAwait(false);
            return (place, null);
        }
        catch (TidelockException e) when (server is null)
        {
            return (null, Message.Of("rehearsals.staging.unreachable", ("reason", e.Problem)));
        }
        catch (PostgresException e)
        {
            return (null, Message.Of("rehearsals.staging.failed", ("state", e.SqlState), ("reason", e.MessageText)));
        }
    }

    /// <summary>As a superuser who becomes the role: on somebody's server no stub can log in.</summary>
    public override async Task<PostgresSession> OpenAsync(string role, CancellationToken cancellation)
    {
        var session = await PostgresSession
            .OpenAsync(Superuser, SchemaCopy.ApplicationName, cancellation)
            .ConfigureAwait(false);
        await session
            .ExecuteAsync($"set session authorization {Identifiers.Quote(role)}", cancellation)
            .ConfigureAwait(false);
        return session;
    }

    public override async ValueTask DisposeAsync()
    {
        if (holder is not null)
        {
            await holder.DisposeAsync().ConfigureAwait(false);
        }

        try
        {
            await server
                .ExecuteAsync(
                    $"drop database if exists {Identifiers.Quote(database)} with (force)",
                    CancellationToken.None
                )
                .ConfigureAwait(false);
            foreach (var role in stubs)
            {
                await DropRoleAsync(role, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (NpgsqlException)
        {
            // What cannot be dropped now is found by the next rehearsal.
        }

        await server.DisposeAsync().ConfigureAwait(false);
        Directory.Delete(Folder, recursive: true);
    }

    private static async Task<Message?> UnfitAsync(
        PostgresSession server,
        ServerIdentity identity,
        ServerIdentity target,
        CancellationToken cancellation
    )
    {
        var isSuper = await server
            .ScalarAsync<bool>("select rolsuper from pg_roles where rolname = session_user", cancellation)
            .ConfigureAwait(false);
        return identity.SystemIdentifier == target.SystemIdentifier ? Message.Of("rehearsals.staging.same-server")
            : identity.InRecovery ? Message.Of("rehearsals.staging.standby")
            : identity.Major < target.Major
                ? Message.Of("rehearsals.staging.older", ("have", identity.Major), ("needed", target.Major))
            : isSuper ? null
            : Message.Of("rehearsals.staging.no-superuser");
    }

    private async Task FillAsync(SourceSettings source, CancellationToken cancellation)
    {
        try
        {
            notes.Add(Message.Of("rehearsals.staging.where", ("database", database), ("server", server.Target)));
            await SweepAsync(cancellation).ConfigureAwait(false);
            await CopyDatabase
                .CreateAsync(server, database, source with { Roles = [] }, cancellation)
                .ConfigureAwait(false);
            holder = await PostgresSession
                .OpenAsync(Superuser, SchemaCopy.ApplicationName, cancellation)
                .ConfigureAwait(false);
            await server
                .ExecuteAsync($"comment on database {Identifiers.Quote(database)} is '{Sign}'", cancellation)
                .ConfigureAwait(false);
            await StubsAsync(source, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Roles that are there are staging's own and stay as they are.</summary>
    private async Task StubsAsync(SourceSettings source, CancellationToken cancellation)
    {
        var missing = await server
            .QueryAsync(
                "select r from unnest($1::text[]) r where r not in (select rolname from pg_roles)",
                r => r.GetString(0),
                cancellation,
                new NpgsqlParameter { Value = source.Roles.ToArray() }
            )
            .ConfigureAwait(false);
        foreach (var role in missing)
        {
            var name = Identifiers.Quote(role);
            await server
                .ExecuteAsync(
                    $"begin; create role {name} nologin; comment on role {name} is '{Sign} {database}'; commit",
                    cancellation
                )
                .ConfigureAwait(false);
            stubs.Add(role);
        }
    }

    /// <summary>What a rehearsal that was killed has left behind.</summary>
    private async Task SweepAsync(CancellationToken cancellation)
    {
        foreach (var name in await NamesAsync(Left, cancellation).ConfigureAwait(false))
        {
            await server
                .ExecuteAsync($"drop database if exists {Identifiers.Quote(name)}", cancellation)
                .ConfigureAwait(false);
            notes.Add(Message.Of("rehearsals.staging.swept", ("database", name)));
        }

        foreach (var role in await NamesAsync(LeftRoles, cancellation).ConfigureAwait(false))
        {
            await DropRoleAsync(role, cancellation).ConfigureAwait(false);
        }
    }

    private Task<List<string>> NamesAsync(string sql, CancellationToken cancellation) =>
        server.QueryAsync(sql, r => r.GetString(0), cancellation);

    private async Task DropRoleAsync(string role, CancellationToken cancellation)
    {
        try
        {
            await server
                .ExecuteAsync($"drop role if exists {Identifiers.Quote(role)}", cancellation)
                .ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
        {
            // Another rehearsal uses it; the next one finds it.
        }
    }
}
