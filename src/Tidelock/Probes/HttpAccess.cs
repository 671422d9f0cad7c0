using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>An HTTP server and how it is asked: with a password or a token, by which authority, with which certificate.</summary>
/// <param name="Address">http or https.</param>
public sealed record HttpAccess(Uri Address)
{
    /// <summary>The keys of the long form.</summary>
    private static readonly string[] Keys = ["address", "user", "password", "token", "ca", "certificate", "key"];

    /// <summary>The name for HTTP's basic authentication; null for none.</summary>
    public string? User { get; init; }

    internal string? Password { get; init; }

    internal string? Token { get; init; }

    /// <summary>The file with the authorities that its certificate may come from; null for those of the machine.</summary>
    public string? Authority { get; init; }

    /// <summary>The file with our own certificate; null for none.</summary>
    public string? Certificate { get; init; }

    /// <summary>The file with its key.</summary>
    public string? Key { get; init; }

    /// <summary>An address, or a mapping that has one; null where there is none or a wrong one.</summary>
    internal static HttpAccess? Read(ChangeNode node, string? fallback = null)
    {
        if (!node.IsMapping)
        {
            return node.Address(fallback) is { } plain ? new HttpAccess(plain) : null;
        }

        return ReadMapping(node);
    }

    /// <summary>The same of a mapping that has keys of its own beside these.</summary>
    internal static HttpAccess? ReadMapping(ChangeNode node, params string[] also)
    {
        if (!node.Only([.. Keys, .. also]).IsMapping)
        {
            return null;
        }

        RefuseHalves(node);
        var address = node["address"].Require() ? node["address"].Address() : null;
        return address is null
            ? null
            : new HttpAccess(address)
            {
                User = node["user"].Exists ? node["user"].ExpandedText() : null,
                Password = node["password"].Secret(),
                Token = node["token"].Secret(),
                Authority = File(node["ca"]),
                Certificate = File(node["certificate"]),
                Key = File(node["key"]),
            };
    }

    internal AuthenticationHeaderValue? Authorization =>
        Token is { } token ? new AuthenticationHeaderValue("Bearer", token)
        : User is { } user ? new AuthenticationHeaderValue("Basic", Encoded($"{user}:{Password}"))
        : null;

    /// <summary>As secret as the password: a server may repeat what it was sent.</summary>
    private static string Encoded(string login)
    {
        var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(login));
        Secrets.OfProcess.Add(encoded);
        return encoded;
    }

    /// <summary>Whether the machine's own trust and no certificate of ours will do.</summary>
    internal bool IsOrdinary => Authority is null && Certificate is null;

    /// <summary>What connects to it, by its own authority and with our own certificate where it has them.</summary>
    /// <exception cref="TidelockException"><c>probes.access.file</c>.</exception>
    internal SocketsHttpHandler NewHandler()
    {
        var handler = ProbeHttp.NewHandler();
        try
        {
            if (Authority is { } authority)
            {
                var trusted = new X509Certificate2Collection();
                trusted.ImportFromPemFile(authority);
                handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                };
                handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(trusted);
            }

            if (Certificate is { } certificate)
            {
                handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, Key)];
            }

            return handler;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            handler.Dispose();
            throw new TidelockException(
                Message.Of("probes.access.file", ("reason", e.Message)),
                ExitCode.NeedsPerson,
                e
            );
        }
    }

    public override string ToString() => Address.ToString();

    private static void RefuseHalves(ChangeNode node)
    {
        foreach (var (one, other) in new[] { ("user", "password"), ("certificate", "key") })
        {
            if (node[one].Exists != node[other].Exists)
            {
                node.Mistake(Message.Of("probes.access.half", ("one", one), ("other", other)));
            }
        }

        if (node["user"].Exists && node["token"].Exists)
        {
            node.MistakeAtKey("token", Message.Of("probes.access.both"));
        }
    }

    /// <summary>A file of this machine, by its path from the change's folder; it is no part of the change.</summary>
    private static string? File(ChangeNode node) =>
        node.ExpandedText() is { Length: > 0 } path ? Path.GetFullPath(path, node.Context.Files.Folder) : null;
}
