using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Tidelock.Probes;
using Tidelock.Probes.Http;

namespace Tidelock.Tests.Probes;

/// <summary>How servers are logged in to, and by whose word they are believed.</summary>
public sealed class HttpAccessTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-tls-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_name_and_a_password_are_sent_as_basic_authentication()
    {
        var header = await AskedWithAsync(new HttpAccess(Nowhere) { User = "watch", Password = "pass:wörd" });
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("watch:pass:wörd")), header);
    }

    [Fact]
    public async Task A_token_is_sent_as_it_is() =>
        Assert.Equal("Bearer secret-token", await AskedWithAsync(new HttpAccess(Nowhere) { Token = "secret-token" }));

    [Fact]
    public void Neither_is_told_to_anybody() =>
        Assert.Equal(
            "http://127.0.0.1:1/",
            new HttpAccess(Nowhere)
            {
                User = "watch",
                Password = "pass",
                Token = "secret-token",
            }.ToString()
        );

    [Fact]
    public async Task A_certificate_that_cannot_be_verified_is_an_error_that_says_what_to_do()
    {
        using var authority = TestCertificates.Certificate("CN=our authority", null);
        using var own = TestCertificates.Certificate("CN=127.0.0.1", authority);
        await using var server = await StubServer.StartAsync(
            c => c.Response.WriteAsync("ok"),
            l => l.UseHttps(TestCertificates.Loaded(own))
        );
        var sample = await ReadAsync(new HttpAccess(server.Address));
        Assert.Equal((SampleOutcome.Error, "probes.tls"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task An_authority_of_ones_own_is_believed_and_no_other()
    {
        using var authority = TestCertificates.Certificate("CN=our authority", null);
        using var other = TestCertificates.Certificate("CN=another authority", null);
        using var own = TestCertificates.Certificate("CN=127.0.0.1", authority);
        await using var server = await StubServer.StartAsync(
            c => c.Response.WriteAsync("ok"),
            l => l.UseHttps(TestCertificates.Loaded(own))
        );
        var ours = await ReadAsync(new HttpAccess(server.Address) { Authority = Pem("ca.pem", authority) });
        Assert.Equal(200, ours.Value);
        var theirs = await ReadAsync(new HttpAccess(server.Address) { Authority = Pem("other.pem", other) });
        Assert.Equal((SampleOutcome.Error, "probes.tls"), (theirs.Outcome, theirs.Detail!.Code));
    }

    [Fact]
    public async Task Our_own_certificate_is_shown_to_a_server_that_asks_for_it()
    {
        using var authority = TestCertificates.Certificate("CN=our authority", null);
        using var own = TestCertificates.Certificate("CN=127.0.0.1", authority);
        using var client = TestCertificates.Certificate("CN=watch", authority);
        await using var server = await StubServer.StartAsync(
            c => c.Response.WriteAsync("ok"),
            l =>
                l.UseHttps(o =>
                {
                    o.ServerCertificate = TestCertificates.Loaded(own);
                    o.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                    o.ClientCertificateValidation = (shown, _, _) =>
                        shown.Subject.Contains("watch", StringComparison.Ordinal);
                })
        );
        var key = Path.Combine(folder, "key.pem");
        await File.WriteAllTextAsync(key, client.GetRSAPrivateKey()!.ExportPkcs8PrivateKeyPem());
        var sample = await ReadAsync(
            new HttpAccess(server.Address)
            {
                Authority = Pem("ca.pem", authority),
                Certificate = Pem("client.pem", client),
                Key = key,
            }
        );
        Assert.Equal(200, sample.Value);
    }

    [Fact]
    public async Task A_certificate_that_is_not_there_is_an_error()
    {
        var sample = await ReadAsync(new HttpAccess(new Uri("https://127.0.0.1:1/")) { Authority = "/nowhere/ca.pem" });
        Assert.Equal((SampleOutcome.Error, "probes.access.file"), (sample.Outcome, sample.Detail!.Code));
    }

    private static Uri Nowhere => new("http://127.0.0.1:1/");

    private static async Task<string> AskedWithAsync(HttpAccess access)
    {
        var asked = new TaskCompletionSource<string>();
        await using var server = await StubServer.StartAsync(context =>
        {
            asked.TrySetResult(context.Request.Headers.Authorization.ToString());
            return Task.CompletedTask;
        });
        await ReadAsync(access with { Address = server.Address });
        return await asked.Task;
    }

    private static Task<Sample> ReadAsync(HttpAccess access) =>
        Reading.OneAsync(new HttpProbeOptions("s", SignalUnit.Number, access, HttpMeasure.Status));

    private string Pem(string name, X509Certificate2 certificate)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllText(path, certificate.ExportCertificatePem());
        return path;
    }
}
