using Tidelock.Postgres;

namespace Tidelock.Backups.Restoring;

/// <summary>
/// ALTER DEFAULT PRIVILEGES of the restoring role adds grants to everything pg_restore creates, which nobody had when the backup
/// was taken. They are taken away again; may run twice.
/// </summary>
internal static class AddedGrants
{
    /// <summary>Revokes what the restored relations grant beyond the manifest; returns what was revoked.</summary>
    public static async Task<IReadOnlyList<RelationGrant>> RevokeAsync(
        PostgresSession session,
        BackupManifest manifest,
        CancellationToken cancellation
    )
    {
        var then = manifest.Grants.ToHashSet();
        var restored = manifest.Grants.Select(g => (g.Schema, g.Name)).ToHashSet();
        var now = await RelationGrant.ReadAsync(session, cancellation).ConfigureAwait(false);
        var added = now.Where(g => restored.Contains((g.Schema, g.Name)) && !then.Contains(g)).ToList();
        if (added.Count > 0)
        {
            // Revoking a privilege on a table takes it from its columns, too: those are the dump's own, and are given back.
            var columns = await ColumnGrantsAsync(session, cancellation).ConfigureAwait(false);
            var kept = columns.Where(c => added.Contains(c.Grant)).Select(c => c.Sql);
            await session
                .ExecuteAsync(
                    $"begin; {string.Join("; ", added.Select(g => g.RevokeSql).Concat(kept))}; commit",
                    cancellation
                )
                .ConfigureAwait(false);
        }

        return added;
    }

    private static Task<List<(RelationGrant Grant, string Sql)>> ColumnGrantsAsync(
        PostgresSession session,
        CancellationToken cancellation
    ) =>
        session.QueryAsync(
            """
            select n.nspname::text, c.relname::text, coalesce(r.rolname::text, ''), a.privilege_type, a.is_grantable,
                   format('grant %s (%I) on table %I.%I to %s', a.privilege_type, t.attname, n.nspname, c.relname,
                          coalesce(quote_ident(r.rolname), 'public'))
            from pg_attribute t join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace
              cross join aclexplode(t.attacl) a left join pg_roles r on r.oid = a.grantee
            where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
            """,
            r =>
                (
                    new RelationGrant(r.GetString(0), r.GetString(1), false, r.GetString(2), r.GetString(3)),
                    r.GetString(5) + (r.GetBoolean(4) ? " with grant option" : "")
                ),
            cancellation
        );
}
