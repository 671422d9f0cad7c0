using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>What a move is on the target, so that it is the same on the copy: who makes it, what he may, where names are looked for.</summary>
/// <param name="User">Who is connected to the target.</param>
/// <param name="Superuser">Whether he is a superuser there.</param>
/// <param name="DatabaseOwner">Whose the database is: in the schema public that decides.</param>
/// <param name="SearchPath">The session's default.</param>
/// <param name="Memberships">Who is a member of what, and what that gives him.</param>
internal sealed record CopyRoles(
    string User,
    bool Superuser,
    string DatabaseOwner,
    string SearchPath,
    IReadOnlyList<CopyMembership> Memberships
)
{
    public static async Task<CopyRoles> ReadAsync(PostgresSession target, CancellationToken cancellation)
    {
        var memberships = await CopyMembership.ReadAsync(target, cancellation).ConfigureAwait(false);
        var read = await target
            .QueryAsync(
                """
                select current_user::text, r.rolsuper, pg_get_userbyid(d.datdba)::text, s.reset_val
                from pg_roles r, pg_database d, pg_settings s
                where r.rolname = current_user and d.datname = current_database() and s.name = 'search_path'
                """,
                r => new CopyRoles(r.GetString(0), r.GetBoolean(1), r.GetString(2), r.GetString(3), memberships),
                cancellation
            )
            .ConfigureAwait(false);
        return read[0];
    }

    /// <summary>Gives the stub roles and the copy what was read.</summary>
    /// <param name="copy">A superuser's session in the copy.</param>
    /// <param name="stubs">The roles that are ours to change, where others are somebody's own; null for all, which may log in then.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task ApplyAsync(PostgresSession copy, IReadOnlySet<string>? stubs, CancellationToken cancellation)
    {
        var database = Identifiers.Quote(copy.Target.Database);
        if (!string.Equals(User, copy.Target.User, StringComparison.Ordinal) && stubs?.Contains(User) != false)
        {
            var rights = $"{(stubs is null ? "login" : "nologin")} {(Superuser ? "superuser" : "")}";
            await copy.ExecuteAsync($"alter role {Identifiers.Quote(User)} {rights}", cancellation)
                .ConfigureAwait(false);
        }

        foreach (
            var membership in Memberships.Where(m =>
                stubs is null || stubs.Contains(m.Role) || stubs.Contains(m.Member)
            )
        )
        {
            await membership
                .GrantAsync(copy, stubs is null || stubs.Contains(membership.Member), cancellation)
                .ConfigureAwait(false);
        }

        await copy.ExecuteAsync($"alter database {database} owner to {Identifiers.Quote(DatabaseOwner)}", cancellation)
            .ConfigureAwait(false);
        await copy.ExecuteAsync($"grant all on database {database} to public", cancellation).ConfigureAwait(false);
        await copy.ScalarAsync<string>(
                "select set_config('search_path', $1, false)",
                cancellation,
                new NpgsqlParameter { Value = SearchPath }
            )
            .ConfigureAwait(false);
        await copy.ExecuteAsync($"alter database {database} set search_path from current", cancellation)
            .ConfigureAwait(false);
    }
}
