using Npgsql;

namespace SeedtestApi;

/// <summary>Reads DATABASE_URL: a URI as libpq writes it, or the driver's own key=value form.</summary>
internal static class DatabaseAddress
{
    public static NpgsqlDataSource Open(string address)
    {
        var settings = address.Contains("://", StringComparison.Ordinal)
            ? FromUri(new Uri(address))
            : new NpgsqlConnectionStringBuilder(address);
        settings.ApplicationName = "seedtest-api";
        settings.MaxPoolSize = 10;
        settings.Timeout = 3;
        settings.CommandTimeout = 3;
        settings.GssEncryptionMode = GssEncryptionMode.Disable;
        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }

    private static NpgsqlConnectionStringBuilder FromUri(Uri uri)
    {
        var user = uri.UserInfo.Split(':', 2);
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = uri.Host,
            Port = uri.Port > 0 ? uri.Port : 5432,
            Database = Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')),
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
        };
        foreach (var part in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = part.Split('=', 2);
            var value = Uri.UnescapeDataString(pair.Length > 1 ? pair[1] : "");
            // Only what a small example needs: a socket's folder, a port, a user, the SSL mode.
            switch (pair[0])
            {
                case "host":
                    settings.Host = value;
                    break;
                case "port":
                    settings["Port"] = value;
                    break;
                case "user":
                    settings.Username = value;
                    break;
                case "sslmode":
                    settings["SSL Mode"] = value.Replace("-", "", StringComparison.Ordinal);
                    break;
            }
        }
        return settings;
    }
}
