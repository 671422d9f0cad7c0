using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>What a move is on the target, so that it is the same on the copy: who makes it, what he may, where names are looked for.</summary>
/// <param name="User">Who is connected to the target.</param>
/// <param name="Superuser">Whether he is a superuser there.</param>
/// <param name="DatabaseOwner">Whose the database is: in the schema public that decides.</param>
/// <param name="SearchPath">The session's default.</param>
/// <param name="Memberships">Each role with a member of it.</param>
internal sealed record CopyRoles(
    string User,
    bool Superuser,
    string DatabaseOwner,
    string SearchPath,
    IReadOnlyList<(string Role, string Member)> Memberships
)
{
    public static async Task<CopyRoles> ReadAsync(PostgresSession target, CancellationToken cancellation)
    {
        var memberships = await target
            .QueryAsync(
                """
                select r.rolname::text, m.rolname::text from pg_auth_members a
                join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
                """,
                r => (r.GetString(0), r.GetString(1)),
                cancellation
            )
            .ConfigureAwait(false);
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
            var (role, member) in Memberships.Where(m =>
                stubs is null || stubs.Contains(m.Role) || stubs.Contains(m.Member)
            )
        )
        {
            await GrantAsync(copy, role, member, cancellation).ConfigureAwait(false);
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

    private static async Task GrantAsync(
        PostgresSession copy,
        string role,
        string member,
        CancellationToken cancellation
    )
    {
        try
        {
            await copy.ExecuteAsync($"grant {Identifiers.Quote(role)} to {Identifiers.Quote(member)}", cancellation)
                .ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            // A role of PostgreSQL's own that the copy's version does not have gives nothing there.
        }
    }
}
