using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>A certificate authority for one test, and what it signed, as PEM files.</summary>
public sealed class Certificates : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("tl-tls-");
    private readonly X509Certificate2 authority;

    public Certificates()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authority = request.CreateSelfSigned(From, To.AddDays(1));
        File.WriteAllText(Root, authority.ExportCertificatePem());
        File.SetUnixFileMode(folder.FullName, (UnixFileMode)0b111_101_101);
    }

    /// <summary>The authority's own certificate: sslrootcert.</summary>
    public string Root => Path.Combine(folder.FullName, "root.crt");

    /// <summary>Signs a certificate for a host name and an address, or for a user.</summary>
    public (string Certificate, string Key) Sign(string name, string file)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var signed = request.Create(authority, From, To, RandomNumberGenerator.GetBytes(8));
        var (certificate, keyFile) = (
            Path.Combine(folder.FullName, file + ".crt"),
            Path.Combine(folder.FullName, file + ".key")
        );
        File.WriteAllText(certificate, signed.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return (certificate, keyFile);
    }

    public void Dispose()
    {
        authority.Dispose();
        folder.Delete(recursive: true);
    }

    private static DateTimeOffset From => TimeProvider.System.GetUtcNow().AddDays(-1);

    private static DateTimeOffset To => TimeProvider.System.GetUtcNow().AddDays(2);
}
