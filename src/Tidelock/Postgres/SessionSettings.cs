namespace Tidelock.Postgres;

/// <summary>What every session of ours is set to, whatever ALTER ROLE and ALTER DATABASE say.</summary>
internal static class SessionSettings
{
    /// <summary>
    /// Each setting, where the server has it (idle_session_timeout came with 14, transaction_timeout with 17). The role goes back to the
    /// one that logged in, unless the connection string itself asks for another.
    /// </summary>
    public static string Pin(PostgresTarget target) =>
        "select pg_catalog.set_config(s.name, p.value, false) from pg_catalog.pg_settings s join (values "
        + string.Join(", ", Pinned.Select(p => $"('{p.Name}', '{p.Value}')"))
        + ") p(name, value) on p.name operator(pg_catalog.=) s.name;"
        + (target.ChoosesRole ? "" : "set role none;")
        + NotCounted;

    /// <summary>
    /// What we read is not the application's reading: kept out of pg_stat_statements where we may, which takes a superuser. Elsewhere
    /// the texts of our statements say whose they are: <see cref="OwnStatement"/>.
    /// </summary>
    private const string NotCounted = """
        select pg_catalog.set_config(s.name, 'none', false) from pg_catalog.pg_settings s
        join pg_catalog.pg_roles r on r.rolname operator(pg_catalog.=) current_user and r.rolsuper
        where s.name operator(pg_catalog.=) 'pg_stat_statements.track'
        """;

    private static readonly (string Name, string Value)[] Pinned =
    [
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("idle_session_timeout", "0"),
        ("transaction_timeout", "0"),
        ("default_transaction_isolation", "read committed"),
        ("search_path", "pg_catalog"),
        ("default_tablespace", ""),
        ("TimeZone", "UTC"),
        ("DateStyle", "ISO, YMD"),
        ("IntervalStyle", "postgres"),
        ("extra_float_digits", "1"),
        ("bytea_output", "hex"),
        ("quote_all_identifiers", "off"),
        ("standard_conforming_strings", "on"),
        ("client_min_messages", "warning"),
    ];
}
