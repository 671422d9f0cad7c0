namespace Tidelock.Postgres;

/// <summary>The parameters libpq knows (18 and older), and what becomes of each here.</summary>
internal static class ConnectionParameters
{
    /// <summary>Parameters that reach Npgsql and libpq programs, each with its environment variable.</summary>
    public static readonly IReadOnlyDictionary<string, string> Variables = new Dictionary<string, string>(
        StringComparer.Ordinal
    )
    {
        ["host"] = "PGHOST",
        ["hostaddr"] = "PGHOSTADDR",
        ["port"] = "PGPORT",
        ["dbname"] = "PGDATABASE",
        ["user"] = "PGUSER",
        ["password"] = "PGPASSWORD",
        ["passfile"] = "PGPASSFILE",
        ["service"] = "PGSERVICE",
        ["options"] = "PGOPTIONS",
        ["connect_timeout"] = "PGCONNECT_TIMEOUT",
        ["sslmode"] = "PGSSLMODE",
        ["sslrootcert"] = "PGSSLROOTCERT",
        ["sslcert"] = "PGSSLCERT",
        ["sslkey"] = "PGSSLKEY",
        ["sslnegotiation"] = "PGSSLNEGOTIATION",
        ["gssencmode"] = "PGGSSENCMODE",
        ["krbsrvname"] = "PGKRBSRVNAME",
        ["channel_binding"] = "PGCHANNELBINDING",
        ["require_auth"] = "PGREQUIREAUTH",
        ["target_session_attrs"] = "PGTARGETSESSIONATTRS",
        ["load_balance_hosts"] = "PGLOADBALANCEHOSTS",
        ["client_encoding"] = "PGCLIENTENCODING",
    };

    /// <summary>Understood and of no consequence: ours is used instead, or both sides do it anyway.</summary>
    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal)
    {
        "application_name",
        "fallback_application_name",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "tcp_user_timeout",
        "sslcompression",
        "sslsni",
        "gsslib",
        "gssdelegation",
    };

    /// <summary>These restrict or secure a connection in ways that not every part of Tidelock could honour, so none pretends to.</summary>
    public static readonly IReadOnlyDictionary<string, string> Unsupported = new Dictionary<string, string>(
        StringComparer.Ordinal
    )
    {
        ["sslcrl"] = "PGSSLCRL",
        ["sslcrldir"] = "PGSSLCRLDIR",
        ["sslcertmode"] = "PGSSLCERTMODE",
        ["ssl_min_protocol_version"] = "PGSSLMINPROTOCOLVERSION",
        ["ssl_max_protocol_version"] = "PGSSLMAXPROTOCOLVERSION",
        ["requirepeer"] = "PGREQUIREPEER",
        ["sslpassword"] = "",
        ["sslkeylogfile"] = "",
        ["replication"] = "",
        ["min_protocol_version"] = "PGMINPROTOCOLVERSION",
        ["max_protocol_version"] = "PGMAXPROTOCOLVERSION",
        ["scram_client_key"] = "",
        ["scram_server_key"] = "",
        ["servicefile"] = "",
        ["oauth_issuer"] = "",
        ["oauth_client_id"] = "",
        ["oauth_client_secret"] = "",
        ["oauth_scope"] = "",
    };

    public static bool IsKnown(string name) =>
        Variables.ContainsKey(name) || Ignored.Contains(name) || Unsupported.ContainsKey(name);

    /// <summary>The known parameter that a mistyped one resembles; null when it resembles none.</summary>
    public static string? Resembling(string name) =>
        Variables
            .Keys.Concat(Ignored)
            .Select(known => (Known: known, Distance: Distance(known, name)))
            .Where(c => c.Distance <= 2 && c.Distance < c.Known.Length / 2)
            .OrderBy(c => c.Distance)
            .Select(c => c.Known)
            .FirstOrDefault();

    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0]++;
            for (var j = 1; j <= b.Length; j++)
            {
                var replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
