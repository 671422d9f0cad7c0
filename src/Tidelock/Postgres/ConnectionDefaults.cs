using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>Fills in what a connection string leaves open, in libpq's order: service file, PG* variables, defaults.</summary>
internal static class ConnectionDefaults
{
    public static void Fill(Dictionary<string, string> found, IReadOnlyDictionary<string, string> variables)
    {
        var home = Text(variables, "HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        if ((Text(found, "service") ?? Text(variables, "PGSERVICE")) is { } service)
        {
            FillMissing(found, ServiceFile.Read(service, ServiceFiles(variables, home)));
        }

        FillMissing(found, FromVariables(variables));
        SetIfEmpty(found, "user", Environment.UserName);
        SetIfEmpty(found, "dbname", found["user"]);
        SetIfEmpty(found, "passfile", Path.Combine(home, ".pgpass"));
        SetIfEmpty(found, "gssencmode", "disable");
        SetIfEmpty(found, "sslmode", found.GetValueOrDefault("sslrootcert") is "system" ? "verify-full" : "prefer");
        found["connect_timeout"] = Timeout(found.GetValueOrDefault("connect_timeout"));
        Certificates(found, home);
    }

    private static string? Text(IReadOnlyDictionary<string, string> from, string name) =>
        from.GetValueOrDefault(name) is { Length: > 0 } text ? text : null;

    private static void FillMissing(Dictionary<string, string> found, Dictionary<string, string> others)
    {
        foreach (var (name, value) in others)
        {
            found.TryAdd(name, value);
        }
    }

    private static void SetIfEmpty(Dictionary<string, string> found, string name, string value) =>
        found[name] = Text(found, name) ?? value;

    private static Dictionary<string, string> FromVariables(IReadOnlyDictionary<string, string> variables)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, variable) in ConnectionParameters.Variables.Concat(ConnectionParameters.Unsupported))
        {
            if (variables.TryGetValue(variable, out var value))
            {
                ConnectionText.Add(found, name, value, mayName: true);
            }
        }

        return found;
    }

    private static string[] ServiceFiles(IReadOnlyDictionary<string, string> variables, string home) =>
        [
            Text(variables, "PGSERVICEFILE") ?? Path.Combine(home, ".pg_service.conf"),
            Path.Combine(Text(variables, "PGSYSCONFDIR") ?? "/etc/postgresql-common", "pg_service.conf"),
        ];

    /// <summary>libpq waits without end at 0; nothing here does.</summary>
    private static string Timeout(string? text) =>
        text is null or "" ? "10"
        : int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var seconds)
            ? seconds is > 0 and <= 1024 ? text
                : "10"
        : throw ConnectionText.Mistake(Message.Of("postgres.target.bad-timeout", ("timeout", text)));

    /// <summary>
    /// With a root certificate libpq verifies at <c>require</c> too, and without one it refuses the verifying modes; the files that a
    /// target names must be there.
    /// </summary>
    private static void Certificates(Dictionary<string, string> found, string home)
    {
        foreach (var name in new[] { "sslrootcert", "sslcert", "sslkey" })
        {
            if (Text(found, name) is { } file && file is not "system" && !File.Exists(file))
            {
                throw ConnectionText.Mistake(Message.Of("postgres.target.no-file", ("name", name), ("file", file)));
            }
        }

        var usual = Path.Combine(home, ".postgresql", "root.crt");
        if (Text(found, "sslrootcert") is null && File.Exists(usual))
        {
            found["sslrootcert"] = usual;
        }

        var verifies = found["sslmode"] is "verify-ca" or "verify-full";
        if (verifies && Text(found, "sslrootcert") is null)
        {
            throw ConnectionText.Mistake(
                Message.Of("postgres.target.no-root-certificate", ("mode", found["sslmode"]), ("file", usual))
            );
        }
    }
}
