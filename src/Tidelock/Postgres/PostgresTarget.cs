using System.Globalization;
using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>
/// A database somebody named with a libpq connection string, resolved once: the same target reaches Npgsql and every libpq
/// program. The password never appears in <see cref="ToString"/>, in argv or in a message.
/// </summary>
public sealed class PostgresTarget
{
    private readonly IReadOnlyDictionary<string, string> parameters;
    private readonly IReadOnlyList<ServerAddress> servers;
    private readonly Lazy<IReadOnlyList<string?>> passwords;

    private PostgresTarget(IReadOnlyDictionary<string, string> parameters)
    {
        this.parameters = parameters;
        servers = ServerAddress.ListOf(parameters);
        passwords = new(() => [.. servers.Select(PasswordFor)]);
    }

    /// <summary>The host, or folder of the Unix socket; several are separated by commas.</summary>
    public string Host => string.Join(',', servers.Select(s => s.Host));

    /// <summary>The port of the first host.</summary>
    public int Port => servers[0].Port;

    /// <summary>Every server's, as libpq takes them beside <see cref="Host"/>.</summary>
    internal string Ports => string.Join(',', servers.Select(s => s.Port));

    public string Database => parameters["dbname"];

    public string User => parameters["user"];

    /// <summary>
    /// Reads a connection string as libpq does: the text itself, then the service file, then PG* variables, then defaults; a
    /// password that is still missing comes from the password file.
    /// </summary>
    /// <param name="connection">URI or key=value form.</param>
    /// <param name="variables">This process's environment variables.</param>
    /// <exception cref="TidelockException"><c>postgres.target.*</c>: what is wrong with it, never with the password in it.</exception>
    public static PostgresTarget Parse(string connection, IReadOnlyDictionary<string, string> variables)
    {
        var found = ConnectionText.Read(connection.Trim());
        ConnectionDefaults.Fill(found, variables);
        NpgsqlParameters.Validate(found);
        return new PostgresTarget(found);
    }

    /// <summary>Whether a text names a database, in either form, and not a file.</summary>
    public static bool IsConnection(string text) => ConnectionText.IsOne(text.Trim());

    /// <summary>The same server, user and settings with another database.</summary>
    public PostgresTarget WithDatabase(string database) =>
        new(new Dictionary<string, string>(parameters, StringComparer.Ordinal) { ["dbname"] = database });

    /// <summary>For Npgsql: unpooled, keepalives on, GSS off unless asked for.</summary>
    public string NpgsqlConnectionString(string applicationName)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = string.Join(',', servers.Select(s => s.ForNpgsql(servers.Count > 1))),
            Database = Database,
            Username = User,
            ApplicationName = applicationName,
            Pooling = false,
            // Npgsql would end every statement after 30 s; ours are bounded by statement_timeout and by tokens.
            CommandTimeout = 0,
            KeepAlive = 10,
            // Npgsql would take a standby for one for ten seconds more, although it was promoted meanwhile.
            HostRecheckSeconds = 0,
            TcpKeepAlive = true,
            IncludeErrorDetail = false,
            Enlist = false,
        };
        if (servers.Count == 1)
        {
            settings.Port = Port;
        }

        if (passwords.Value.Distinct(StringComparer.Ordinal).Count() == 1)
        {
            settings.Password = passwords.Value[0];
        }
        else
        {
            settings.Passfile = parameters["passfile"];
        }

        NpgsqlParameters.Apply(parameters, settings);
        return settings.ConnectionString;
    }

    /// <summary>
    /// The PG* variables that make any libpq program reach this target and no other, its password and application name included.
    /// Null removes a variable that the child would inherit.
    /// </summary>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>.</param>
    /// <param name="sessionOptions">Added to PGOPTIONS: <c>-c lock_timeout=50</c>.</param>
    public IReadOnlyDictionary<string, string?> LibpqEnvironment(string applicationName, string sessionOptions = "")
    {
        var variables = ConnectionParameters.Variables.ToDictionary(
            v => v.Value,
            v => parameters.GetValueOrDefault(v.Key),
            StringComparer.Ordinal
        );
        foreach (var unsupported in ConnectionParameters.Unsupported.Values.Where(v => v.Length > 0))
        {
            variables[unsupported] = null;
        }

        variables["PGHOST"] = Host;
        variables["PGHOSTADDR"] = parameters.GetValueOrDefault("hostaddr");
        variables["PGPORT"] = string.Join(',', servers.Select(s => s.Port.ToString(CultureInfo.InvariantCulture)));
        variables["PGPASSWORD"] =
            passwords.Value.Distinct(StringComparer.Ordinal).Count() == 1 ? passwords.Value[0] : null;
        variables["PGSERVICE"] = null;
        variables["PGREQUIRESSL"] = null;
        variables["PGAPPNAME"] = applicationName;
        variables["PGCLIENTENCODING"] = "UTF8";
        var role = ChoosesRole ? "" : "-c role=none";
        variables["PGOPTIONS"] = $"{role} {parameters.GetValueOrDefault("options")} {sessionOptions}".Trim();
        return variables;
    }

    /// <summary>
    /// <c>postgresql://user:password@host:port/dbname</c>, for programs that read DATABASE_URL. It holds the password, so it travels in
    /// an environment only. TLS and all other settings are those of <see cref="LibpqEnvironment"/>.
    /// </summary>
    public string Uri
    {
        get
        {
            var password =
                passwords.Value.Distinct(StringComparer.Ordinal).Count() == 1 && passwords.Value[0] is { } one
                    ? ":" + System.Uri.EscapeDataString(one)
                    : "";
            var user = System.Uri.EscapeDataString(User) + password;
            var database = System.Uri.EscapeDataString(Database);
            var ports = string.Join(',', servers.Select(s => s.Port.ToString(CultureInfo.InvariantCulture)));
            return servers.Count == 1 && System.Uri.CheckHostName(Host) is UriHostNameType.Dns or UriHostNameType.IPv4
                ? $"postgresql://{user}@{Host}:{ports}/{database}"
                : $"postgresql://{user}@/{database}?host={System.Uri.EscapeDataString(Host)}&port={ports}";
        }
    }

    /// <summary>
    /// <c>dbname='seedtest'</c>: for programs such as pg_restore that want the database as an argument. Holds nothing else, and
    /// cannot be taken for another connection string whatever the database is called.
    /// </summary>
    public string DatabaseArgument => "dbname=" + Value(Database);

    /// <summary><c>seedtest at db.example:5432</c>, for people; no user name and no password.</summary>
    public override string ToString() => $"{Database} at {string.Join(", ", servers)}";

    /// <summary>A parameter's value as it is written in the key=value form.</summary>
    internal static string Value(string text) =>
        "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";

    /// <summary>target_session_attrs: <c>any</c>, <c>read-write</c>, <c>primary</c>, …</summary>
    internal string SessionAttributes => parameters.GetValueOrDefault("target_session_attrs", "any");

    internal string PasswordFilePath => parameters["passfile"];

    /// <summary>Makes its passwords known, so that no message repeats them.</summary>
    internal void HideIn(Secrets secrets)
    {
        foreach (var password in passwords.Value)
        {
            secrets.Add(password, User, Database);
        }
    }

    internal bool HasPassword => passwords.Value.Any(p => p is not null);

    /// <summary>Whether there is a password file that is not read because others could read it too.</summary>
    internal bool PasswordFileIsIgnored => !HasPassword && PasswordFile.IsOpenToOthers(PasswordFilePath);

    internal bool RequiresTls => parameters["sslmode"] is "require" or "verify-ca" or "verify-full";

    /// <summary>Whether the connection string itself sets the role.</summary>
    internal bool ChoosesRole =>
        parameters.GetValueOrDefault("options", "").Contains("role=", StringComparison.OrdinalIgnoreCase);

    private string? PasswordFor(ServerAddress server) =>
        parameters.GetValueOrDefault("password") is { Length: > 0 } given
            ? given
            : PasswordFile.Find(
                parameters["passfile"],
                server.Host,
                server.Port.ToString(CultureInfo.InvariantCulture),
                Database,
                User
            );
}
