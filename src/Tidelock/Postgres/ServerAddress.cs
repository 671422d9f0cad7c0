using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>One of the servers a target names.</summary>
/// <param name="Host">Name, address, or folder of the Unix socket.</param>
/// <param name="Address">The address to connect to when the author gave one; empty to look the host up.</param>
/// <param name="Port">The port, also of a socket.</param>
internal sealed record ServerAddress(string Host, string Address, int Port)
{
    public static IReadOnlyList<ServerAddress> ListOf(IReadOnlyDictionary<string, string> parameters)
    {
        var hosts = Split(parameters, "host");
        var addresses = Split(parameters, "hostaddr");
        var ports = Split(parameters, "port");
        var count = Math.Max(hosts.Length, addresses.Length);
        if ((addresses is not [""] && hosts is not [""] && addresses.Length != hosts.Length) || !Fits(ports, count))
        {
            throw ConnectionText.Mistake(
                Message.Of("postgres.target.host-count", ("hosts", count), ("ports", ports.Length))
            );
        }

        return
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => new ServerAddress(
                    HostOf(hosts.ElementAtOrDefault(i), addresses.ElementAtOrDefault(i)),
                    addresses.ElementAtOrDefault(i) ?? "",
                    PortOf(ports[ports.Length == 1 ? 0 : i])
                )),
        ];
    }

    /// <summary>As Npgsql's Host has it: with the port where there are several.</summary>
    public string ForNpgsql(bool withPort)
    {
        var host = Address.Length > 0 ? Address : Host;
        var bracketed = withPort && host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return withPort ? string.Create(CultureInfo.InvariantCulture, $"{bracketed}:{Port}") : host;
    }

    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    private static bool Fits(string[] ports, int count) => ports.Length == 1 || ports.Length == count;

    private static string[] Split(IReadOnlyDictionary<string, string> parameters, string name) =>
        [.. parameters.GetValueOrDefault(name, "").Split(',').Select(part => part.Trim())];

    private static string HostOf(string? host, string? address) =>
        host is { Length: > 0 } ? host
        : address is { Length: > 0 } ? address
        : Directory.Exists("/var/run/postgresql") ? "/var/run/postgresql"
        : "/tmp";

    private static int PortOf(string text) =>
        text.Length == 0 ? 5432
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
        : throw ConnectionText.Mistake(Message.Of("postgres.target.bad-port", ("port", text)));
}
