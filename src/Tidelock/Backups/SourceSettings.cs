using System.Text.Json.Serialization;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>What a copy of a database needs around its data.</summary>
/// <param name="Encoding">For example <c>UTF8</c>.</param>
/// <param name="Collate">LC_COLLATE.</param>
/// <param name="CharacterType">LC_CTYPE.</param>
/// <param name="Roles">All roles of the server but PostgreSQL's own: owners and grantees are among them.</param>
/// <param name="DatabaseSize">Bytes of the database; 0 where that was not written down.</param>
/// <param name="LargestIndex">Bytes of its largest index: about what building it anew sorts on disk.</param>
public sealed record SourceSettings(
    string Encoding,
    string Collate,
    string CharacterType,
    IReadOnlyList<string> Roles,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long DatabaseSize = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long LargestIndex = 0
)
{
    public static async Task<SourceSettings> ReadAsync(PostgresSession session, CancellationToken cancellation)
    {
        var roles = await session
            .QueryAsync(
                "select rolname::text from pg_roles where rolname !~ '^pg_' order by 1",
                r => r.GetString(0),
                cancellation
            )
            .ConfigureAwait(false);
        var settings = await session
            .QueryAsync(
                """
                select pg_encoding_to_char(encoding)::text, datcollate::text, datctype::text, pg_database_size(oid),
                       coalesce((select max(relpages) from pg_class where relkind = 'i'), 0) * current_setting('block_size')::bigint
                from pg_database where datname = current_database()
                """,
                r => new SourceSettings(
                    r.GetString(0),
                    r.GetString(1),
                    r.GetString(2),
                    roles,
                    r.GetInt64(3),
                    r.GetInt64(4)
                ),
                cancellation
            )
            .ConfigureAwait(false);
        return settings[0];
    }
}
