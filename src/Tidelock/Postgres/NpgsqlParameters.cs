using System.Globalization;
using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>libpq's parameters as Npgsql's settings.</summary>
internal static class NpgsqlParameters
{
    public static void Apply(IReadOnlyDictionary<string, string> parameters, NpgsqlConnectionStringBuilder settings)
    {
        settings.Timeout = int.Parse(parameters["connect_timeout"], CultureInfo.InvariantCulture);
        settings.SslMode = Tls(parameters);
        settings.GssEncryptionMode = parameters["gssencmode"] switch
        {
            "disable" => GssEncryptionMode.Disable,
            "prefer" => GssEncryptionMode.Prefer,
            "require" => GssEncryptionMode.Require,
            var other => throw Unknown("gssencmode", other),
        };
        Use("sslcert", value => settings.SslCertificate = value);
        Use("sslkey", value => settings.SslKey = value);
        Use("options", value => settings.Options = value);
        Use("krbsrvname", value => settings.KerberosServiceName = value);
        Use("require_auth", value => settings.RequireAuth = value);
        Use("target_session_attrs", value => UseSession(Session(value)));
        Use("load_balance_hosts", value => settings.LoadBalanceHosts = value is "random");
        Use("channel_binding", value => settings.ChannelBinding = Binding(value));
        Use("sslnegotiation", value => settings.SslNegotiation = Negotiation(value));
        if (parameters.GetValueOrDefault("sslrootcert") is { Length: > 0 } root && root is not "system")
        {
            settings.RootCertificate = root;
        }

        // With one host Npgsql refuses this setting; the session itself looks then.
        void UseSession(string value)
        {
            if (settings.Host?.Contains(',', StringComparison.Ordinal) == true)
            {
                settings.TargetSessionAttributes = value;
            }
        }

        void Use(string name, Action<string> set)
        {
            if (parameters.GetValueOrDefault(name) is { Length: > 0 } value)
            {
                set(value);
            }
        }
    }

    /// <summary>Refuses values libpq does not know, when the target is read and not when it is used.</summary>
    public static void Validate(IReadOnlyDictionary<string, string> parameters)
    {
        Apply(parameters, new NpgsqlConnectionStringBuilder());
        if (parameters["sslmode"] is "verify-full" && parameters.GetValueOrDefault("hostaddr") is { Length: > 0 })
        {
            // Npgsql would compare the certificate with the address and not with the host's name.
            throw ConnectionText.Mistake(Message.Of("postgres.target.unverifiable-address"));
        }
    }

    private static SslMode Tls(IReadOnlyDictionary<string, string> parameters) =>
        parameters["sslmode"] switch
        {
            "disable" => SslMode.Disable,
            "allow" => SslMode.Allow,
            "prefer" => SslMode.Prefer,
            "require" when parameters.GetValueOrDefault("sslrootcert") is { Length: > 0 } => SslMode.VerifyCA,
            "require" => SslMode.Require,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            var other => throw Unknown("sslmode", other),
        };

    private static string Session(string value) =>
        value is "any" or "read-write" or "read-only" or "primary" or "standby" or "prefer-standby"
            ? value
            : throw Unknown("target_session_attrs", value);

    private static ChannelBinding Binding(string value) =>
        value switch
        {
            "disable" => ChannelBinding.Disable,
            "prefer" => ChannelBinding.Prefer,
            "require" => ChannelBinding.Require,
            _ => throw Unknown("channel_binding", value),
        };

    private static SslNegotiation Negotiation(string value) =>
        value switch
        {
            "postgres" => SslNegotiation.Postgres,
            "direct" => SslNegotiation.Direct,
            _ => throw Unknown("sslnegotiation", value),
        };

    private static TidelockException Unknown(string name, string value) =>
        ConnectionText.Mistake(Message.Of("postgres.target.bad-value", ("name", name), ("value", value)));
}
