using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>
/// A database as the server's shared catalogs have it: all that belongs to it and that no dump of its contents brings along.
/// </summary>
/// <param name="Oid">Stays when it is renamed.</param>
/// <param name="Name">Its name now.</param>
/// <param name="Owner">A role.</param>
/// <param name="Encoding">For example <c>UTF8</c>.</param>
/// <param name="Collate">LC_COLLATE.</param>
/// <param name="CharacterType">LC_CTYPE.</param>
/// <param name="Provider"><c>c</c> libc, <c>i</c> ICU, <c>b</c> builtin; always <c>c</c> before 15.</param>
/// <param name="Locale">Of ICU or builtin; null with libc.</param>
/// <param name="Rules">ICU's own rules; null for none.</param>
/// <param name="ConnectionLimit">-1 for none.</param>
/// <param name="Tablespace">Where its tables go; null for that of template0, which needs no right.</param>
/// <param name="IsTemplate">Whether anybody may copy it.</param>
/// <param name="AllowsConnections">Whether anybody may enter.</param>
/// <param name="Comment">Null for none.</param>
/// <param name="HasGrants">Whether anything was ever granted or revoked; without that PUBLIC may connect.</param>
/// <param name="Grants">Every privilege with who gave it.</param>
/// <param name="Labels">Security labels.</param>
/// <param name="Settings">ALTER DATABASE SET and ALTER ROLE IN DATABASE SET.</param>
internal sealed record DatabaseProperties(
    uint Oid,
    string Name,
    string Owner,
    string Encoding,
    string Collate,
    string CharacterType,
    string Provider,
    string? Locale,
    string? Rules,
    int ConnectionLimit,
    string? Tablespace,
    bool IsTemplate,
    bool AllowsConnections,
    string? Comment,
    bool HasGrants,
    IReadOnlyList<DatabaseGrant> Grants,
    IReadOnlyList<DatabaseLabel> Labels,
    IReadOnlyList<DatabaseSetting> Settings
)
{
    /// <summary>pg_database has other columns in every major version: read as JSON it is the same statement for all.</summary>
    private const string Sql = """
        select d.oid, d.datname::text, pg_get_userbyid(d.datdba)::text, pg_encoding_to_char(d.encoding)::text, d.datcollate::text,
               d.datctype::text, coalesce(j ->> 'datlocprovider', 'c'), coalesce(j ->> 'datlocale', j ->> 'daticulocale'), j ->> 'daticurules',
               d.datconnlimit, case when d.dattablespace <> t.dattablespace then s.spcname::text end, d.datistemplate, d.datallowconn,
               shobj_description(d.oid, 'pg_database'), d.datacl is not null
        from pg_database d cross join lateral to_jsonb(d) j join pg_tablespace s on s.oid = d.dattablespace
          join pg_database t on t.datname = 'template0'
        where d.oid = $1
        """;

    private const string GrantsSql = """
        select pg_get_userbyid(a.grantor)::text, case when a.grantee <> 0 then pg_get_userbyid(a.grantee)::text end, a.privilege_type, a.is_grantable
        from pg_database d cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where d.oid = $1 order by 1, 2, 3
        """;

    private const string LabelsSql = """
        select provider, label from pg_shseclabel where classoid = 'pg_database'::regclass and objoid = $1 order by 1
        """;

    private const string SettingsSql = """
        select r.rolname::text, split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
        from pg_db_role_setting s cross join unnest(s.setconfig) c left join pg_roles r on r.oid = s.setrole
        where s.setdatabase = $1 and (s.setrole = 0 or r.oid is not null) order by 1, 2
        """;

    /// <summary>Null where there is no such database.</summary>
    /// <param name="session">In any database of the server.</param>
    /// <param name="oid">The database.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<DatabaseProperties?> ReadAsync(
        PostgresSession session,
        uint oid,
        CancellationToken cancellation
    )
    {
        var grants = await session
            .QueryAsync(GrantsSql, DatabaseGrant.Read, cancellation, Of(oid))
            .ConfigureAwait(false);
        var labels = await session
            .QueryAsync(LabelsSql, r => new DatabaseLabel(r.GetString(0), r.GetString(1)), cancellation, Of(oid))
            .ConfigureAwait(false);
        var settings = await session
            .QueryAsync(SettingsSql, DatabaseSetting.Read, cancellation, Of(oid))
            .ConfigureAwait(false);
        var found = await session
            .QueryAsync(Sql, r => Read(r, grants, labels, settings), cancellation, Of(oid))
            .ConfigureAwait(false);
        return found is [var one] ? one : null;
    }

    /// <summary>What is not the same in the other one, by name. Names, oids, comments and whether one may enter are not compared.</summary>
    public IReadOnlyList<string> Differences(DatabaseProperties other)
    {
        (string What, bool Same)[] compared =
        [
            ("OWNER", Owner == other.Owner),
            ("ENCODING", Encoding == other.Encoding),
            ("LC_COLLATE", Collate == other.Collate),
            ("LC_CTYPE", CharacterType == other.CharacterType),
            ("LOCALE", (Provider, Locale, Rules) == (other.Provider, other.Locale, other.Rules)),
            ("CONNECTION LIMIT", ConnectionLimit == other.ConnectionLimit),
            ("TABLESPACE", Tablespace == other.Tablespace),
            ("GRANT", Grants.ToHashSet().SetEquals(other.Grants)),
            ("SECURITY LABEL", Labels.ToHashSet().SetEquals(other.Labels)),
            ("SET", Settings.ToHashSet().SetEquals(other.Settings)),
        ];
        return [.. compared.Where(c => !c.Same).Select(c => c.What)];
    }

    /// <exception cref="TidelockException"><c>postgres.swap.gone</c>.</exception>
    public static async Task<DatabaseProperties> RequireAsync(
        PostgresSession session,
        uint oid,
        CancellationToken cancellation
    ) =>
        await ReadAsync(session, oid, cancellation).ConfigureAwait(false)
        ?? throw new TidelockException(
            Message.Of("postgres.swap.gone", ("oid", oid), ("target", session.Target)),
            ExitCode.NeedsPerson
        );

    internal static NpgsqlParameter Of(uint oid) => new() { Value = oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid };

    private static DatabaseProperties Read(
        NpgsqlDataReader r,
        IReadOnlyList<DatabaseGrant> grants,
        IReadOnlyList<DatabaseLabel> labels,
        IReadOnlyList<DatabaseSetting> settings
    ) =>
        new(
            r.GetFieldValue<uint>(0),
            r.GetString(1),
            r.GetString(2),
            r.GetString(3),
            r.GetString(4),
            r.GetString(5),
            r.GetString(6),
            Text(r, 7),
            Text(r, 8),
            r.GetInt32(9),
            Text(r, 10),
            r.GetBoolean(11),
            r.GetBoolean(12),
            Text(r, 13),
            r.GetBoolean(14),
            grants,
            labels,
            settings
        );

    internal static string? Text(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetString(column);
}

/// <summary>One privilege on a database.</summary>
/// <param name="Grantor">Who gave it.</param>
/// <param name="Grantee">Who has it; null for PUBLIC.</param>
/// <param name="Privilege">CONNECT, CREATE, TEMPORARY.</param>
/// <param name="IsGrantable">Whether it may be passed on.</param>
internal sealed record DatabaseGrant(string Grantor, string? Grantee, string Privilege, bool IsGrantable)
{
    public static DatabaseGrant Read(NpgsqlDataReader r) =>
        new(r.GetString(0), DatabaseProperties.Text(r, 1), r.GetString(2), r.GetBoolean(3));
}

/// <summary>A security label.</summary>
internal sealed record DatabaseLabel(string Provider, string Label);

/// <summary>A setting that holds in the database.</summary>
/// <param name="Role">For this role alone; null for everybody.</param>
/// <param name="Name">The setting.</param>
/// <param name="Value">As the catalog has it.</param>
internal sealed record DatabaseSetting(string? Role, string Name, string Value)
{
    /// <summary>Those whose value is a list of names with quotes of its own, which a literal would turn into one name; as pg_dump has them.</summary>
    private static readonly string[] QuotedLists =
    [
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    ];

    public static DatabaseSetting Read(NpgsqlDataReader r) =>
        new(DatabaseProperties.Text(r, 0), r.GetString(1), r.GetString(2));

    /// <summary>Statements that set it exactly so for a database, in a transaction.</summary>
    public string Sql(string database)
    {
        var name = string.Join('.', Name.Split('.').Select(Identifiers.Quote));
        var set = $"{Of(database)} set {name}";
        return QuotedLists.Contains(Name, StringComparer.OrdinalIgnoreCase)
            ? $"select set_config({Identifiers.Literal(Name)}, {Identifiers.Literal(Value)}, true); {set} from current"
            : $"{set} to {Identifiers.Literal(Value)}";
    }

    /// <summary>Takes away all settings of the same kind: of the database, or of the role in it.</summary>
    public static string ResetSql(string database, string? role) =>
        new DatabaseSetting(role, "", "").Of(database) + " reset all";

    private string Of(string database) =>
        Role is null
            ? $"alter database {Identifiers.Quote(database)}"
            : $"alter role {Identifiers.Quote(Role)} in database {Identifiers.Quote(database)}";
}
