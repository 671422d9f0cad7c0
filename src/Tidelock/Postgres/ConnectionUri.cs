using System.Globalization;
using System.Text;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary><c>postgresql://user:password@host1:port1,host2:port2/database?parameter=value</c>, as libpq reads it.</summary>
internal static class ConnectionUri
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads what follows <c>://</c>.</summary>
    public static Dictionary<string, string> Read(string text)
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        var end = text.AsSpan().IndexOfAny('@', '/');
        if (end >= 0 && text[end] == '@')
        {
            ReadUser(text[..end], found);
            text = text[(end + 1)..];
        }

        var query = text.IndexOf('?', StringComparison.Ordinal);
        var address = query < 0 ? text : text[..query];
        if (address.Contains('@', StringComparison.Ordinal))
        {
            // libpq would take a piece of the password for a host, a port or a database.
            throw ConnectionText.Mistake(Message.Of("postgres.target.stray-at"));
        }

        ReadAddress(address, found);
        if (query >= 0)
        {
            ReadQuery(text[(query + 1)..], found);
        }

        return found;
    }

    private static void ReadUser(string text, Dictionary<string, string> found)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var user = Decode(colon < 0 ? text : text[..colon]);
        if (user.Length > 0)
        {
            found["user"] = user;
        }

        if (colon >= 0 && colon < text.Length - 1)
        {
            found["password"] = Decode(text[(colon + 1)..]);
        }
    }

    private static void ReadAddress(string text, Dictionary<string, string> found)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var hosts = (slash < 0 ? text : text[..slash]).Split(',').Select(HostAndPort).ToList();
        Set(found, "host", string.Join(',', hosts.Select(h => h.Host)));
        Set(found, "port", string.Join(',', hosts.Select(h => h.Port)));
        if (slash >= 0 && slash < text.Length - 1)
        {
            found["dbname"] = Decode(text[(slash + 1)..]);
        }
    }

    private static void Set(Dictionary<string, string> found, string name, string value)
    {
        if (value.Trim(',').Length > 0)
        {
            found[name] = value;
        }
    }

    private static (string Host, string Port) HostAndPort(string text)
    {
        var close = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        if (text.StartsWith('[') && (close <= 1 || (close + 1 < text.Length && text[close + 1] != ':')))
        {
            throw ConnectionText.Mistake(Message.Of("postgres.target.bad-ipv6"));
        }

        var colon = text.IndexOf(':', close + 1);
        var host = colon < 0 ? text : text[..colon];
        return (Decode(close > 0 ? text[1..close] : host), colon < 0 ? "" : Decode(text[(colon + 1)..]));
    }

    private static void ReadQuery(string text, Dictionary<string, string> found)
    {
        // A question mark inside an unescaped password looks like a query too; the @ after it gives it away.
        var mayName = !text.Contains('@', StringComparison.Ordinal);
        foreach (var pair in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=');
            if (parts.Length != 2)
            {
                throw ConnectionText.Mistake(Message.Of("postgres.target.bad-query"));
            }

            var (name, value) = (Decode(parts[0]), Decode(parts[1]));
            if (name is "ssl" && value is "true")
            {
                (name, value) = ("sslmode", "require");
            }

            ConnectionText.Add(found, name, value, mayName);
        }
    }

    private static string Decode(string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        var decoded = new List<byte>(encoded.Length);
        for (var at = 0; at < encoded.Length; at++)
        {
            if (encoded[at] != '%')
            {
                decoded.Add(encoded[at]);
                continue;
            }

            decoded.Add(Hexadecimal(encoded.AsSpan(at + 1)));
            at += 2;
        }

        try
        {
            return Strict.GetString([.. decoded]);
        }
        catch (DecoderFallbackException)
        {
            throw ConnectionText.Mistake(Message.Of("postgres.target.bad-percent"));
        }
    }

    private static byte Hexadecimal(ReadOnlySpan<byte> digits) =>
        digits.Length >= 2
        && byte.TryParse(digits[..2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
        && value != 0
            ? value
            : throw ConnectionText.Mistake(Message.Of("postgres.target.bad-percent"));
}
