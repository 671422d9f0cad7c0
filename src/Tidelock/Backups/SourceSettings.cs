using System.Text.Json.Serialization;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>What a copy of a database needs around its data.</summary>
/// <param name="Encoding">For example <c>UTF8</c>.</param>
/// <param name="Collate">LC_COLLATE.</param>
/// <param name="CharacterType">LC_CTYPE.</param>
/// <param name="Roles">All roles of the server but PostgreSQL's own: owners and grantees are among them.</param>
/// <param name="DatabaseSize">Bytes of the database; 0 where that was not written down.</param>
/// <param name="LargestIndex">Bytes of its largest index: about what building it anew sorts on disk.</param>
/// <param name="Provider">Whose rules order text, as <c>pg_database.datlocprovider</c> has it: <c>c</c>, <c>i</c>, <c>b</c>; null before PostgreSQL 15, and where that was not written down.</param>
/// <param name="Locale">The provider's locale; null for libc.</param>
/// <param name="Rules">What an ICU locale is changed by; null for nothing.</param>
public sealed record SourceSettings(
    string Encoding,
    string Collate,
    string CharacterType,
    IReadOnlyList<string> Roles,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long DatabaseSize = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long LargestIndex = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Provider = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Locale = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Rules = null
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
                       coalesce((select max(relpages) from pg_class where relkind = 'i'), 0) * current_setting('block_size')::bigint,
                       row ->> 'datlocprovider', coalesce(row ->> 'datlocale', row ->> 'daticulocale'), row ->> 'daticurules'
                from pg_database d cross join lateral to_jsonb(d) row where datname = current_database()
                """,
                r => new SourceSettings(
                    r.GetString(0),
                    r.GetString(1),
                    r.GetString(2),
                    roles,
                    r.GetInt64(3),
                    r.GetInt64(4),
                    Text(r, 5),
                    Text(r, 6),
                    Text(r, 7)
                ),
                cancellation
            )
            .ConfigureAwait(false);
        return settings[0];
    }

    private static string? Text(NpgsqlDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);
}
