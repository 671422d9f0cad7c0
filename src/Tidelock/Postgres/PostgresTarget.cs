using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>
/// A database somebody named with a libpq connection string, resolved once: the same target reaches Npgsql and every libpq
/// program. The password never appears in <see cref="ToString"/>, in argv or in a message.
/// </summary>
public sealed class PostgresTarget
{
    private readonly NpgsqlConnectionStringBuilder settings;

    private PostgresTarget(NpgsqlConnectionStringBuilder settings) => this.settings = settings;

    public string Host => settings.Host ?? "localhost";

    public int Port => settings.Port;

    public string Database => settings.Database ?? User;

    public string User => settings.Username ?? "postgres";

    /// <summary>Reads a connection string as libpq does.</summary>
    /// <exception cref="TidelockException"><c>postgres.target.*</c>: what is wrong with it, never with the password in it.</exception>
    public static PostgresTarget Parse(string connection, IReadOnlyDictionary<string, string> variables)
    {
        if (!Uri.TryCreate(connection, UriKind.Absolute, out var uri) || uri.Scheme is not ("postgresql" or "postgres"))
        {
            throw new TidelockException(Message.Of("postgres.target.not-a-connection-string"), ExitCode.Mistake);
        }

        var user = uri.UserInfo.Split(':', 2);
        var query = uri
            .Query.TrimStart('?')
            .Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(p => p.Split('=', 2))
            .ToDictionary(
                p => p[0],
                p => Uri.UnescapeDataString(p.ElementAtOrDefault(1) ?? ""),
                StringComparer.Ordinal
            );
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = query.GetValueOrDefault("host") ?? Uri.UnescapeDataString(uri.Host),
            Port =
                query.TryGetValue("port", out var p) ? int.Parse(p, System.Globalization.CultureInfo.InvariantCulture)
                : uri.Port > 0 ? uri.Port
                : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : variables.GetValueOrDefault("PGPASSWORD"),
        };
        return new PostgresTarget(settings);
    }

    /// <summary>The same server, user and settings with another database.</summary>
    public PostgresTarget WithDatabase(string database) =>
        new(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Database = database });

    /// <summary>For Npgsql: unpooled, keepalives on, GSS off unless asked for.</summary>
    public string NpgsqlConnectionString(string applicationName) =>
        new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            ApplicationName = applicationName,
            Pooling = false,
            KeepAlive = 10,
            TcpKeepAlive = true,
            Timeout = 10,
            GssEncryptionMode = GssEncryptionMode.Disable,
            IncludeErrorDetail = false,
        }.ConnectionString;

    /// <summary>The PG* variables that make any libpq program reach this target, its password and application name included.</summary>
    public IReadOnlyDictionary<string, string?> LibpqEnvironment(string applicationName) =>
        new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["PGHOST"] = Host,
            ["PGPORT"] = Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["PGDATABASE"] = Database,
            ["PGUSER"] = User,
            ["PGPASSWORD"] = settings.Password,
            ["PGAPPNAME"] = applicationName,
            ["PGCONNECT_TIMEOUT"] = "10",
        };

    /// <summary><c>seedtest at db.example:5432</c>, for people; no user name and no password.</summary>
    public override string ToString() => $"{Database} at {Host}:{Port}";
}
