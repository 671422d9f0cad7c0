using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>A role's member on the target. From PostgreSQL 16 on a membership alone gives nothing: whoever made a role is a member that may not become it.</summary>
/// <param name="Role">Whose rights.</param>
/// <param name="Member">Who has them.</param>
/// <param name="Inherits">Whether he has them without asking.</param>
/// <param name="MaySet">Whether he may become the role, and so give something to it.</param>
/// <param name="MayGrant">Whether he may make others members of it.</param>
internal sealed record CopyMembership(string Role, string Member, bool Inherits, bool MaySet, bool MayGrant)
{
    private const int WithOptions = 16;

    public static Task<List<CopyMembership>> ReadAsync(PostgresSession target, CancellationToken cancellation) =>
        target.QueryAsync(
            """
            select r.rolname::text, m.rolname::text, bool_or(coalesce((o ->> 'inherit_option')::boolean, m.rolinherit)),
              bool_or(coalesce((o ->> 'set_option')::boolean, true)), bool_or(a.admin_option)
            from pg_auth_members a cross join lateral to_jsonb(a) o
            join pg_roles r on r.oid = a.roleid join pg_roles m on m.oid = a.member
            group by 1, 2
            """,
            r => new CopyMembership(r.GetString(0), r.GetString(1), r.GetBoolean(2), r.GetBoolean(3), r.GetBoolean(4)),
            cancellation
        );

    /// <summary>Gives it to the same roles of the copy.</summary>
    /// <param name="copy">A superuser's session in the copy.</param>
    /// <param name="isStub">Whether the member is ours to change.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task GrantAsync(PostgresSession copy, bool isStub, CancellationToken cancellation)
    {
        var hasOptions = copy.Connection.PostgreSqlVersion.Major >= WithOptions;
        var options =
            hasOptions ? $" with inherit {Inherits}, set {MaySet}, admin {MayGrant}"
            : MayGrant ? " with admin option"
            : "";
        var member = Identifiers.Quote(Member);
        try
        {
            await copy.ExecuteAsync($"grant {Identifiers.Quote(Role)} to {member}{options}", cancellation)
                .ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedObject)
        {
            // A role of PostgreSQL's own that the copy's version does not have gives nothing there.
            return;
        }

        if (!hasOptions && !Inherits && isStub)
        {
            await copy.ExecuteAsync($"alter role {member} noinherit", cancellation).ConfigureAwait(false);
        }
    }
}
