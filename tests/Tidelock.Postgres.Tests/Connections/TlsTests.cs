using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class TlsTests : IAsyncLifetime
{
    private readonly Certificates ours = new();
    private readonly Certificates strangers = new();
    private LocalCluster cluster = null!;

    public async ValueTask InitializeAsync()
    {
        var (certificate, key) = ours.Sign("db.example", "server");
        UnprivilegedUser.Own(key);
        cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["ssl"] = "on",
                    ["ssl_cert_file"] = certificate,
                    ["ssl_key_file"] = key,
                    ["ssl_ca_file"] = ours.Root,
                },
            },
            CancellationToken.None
        );
    }

    public async ValueTask DisposeAsync()
    {
        await cluster.DisposeAsync();
        ours.Dispose();
        strangers.Dispose();
    }

    [Fact]
    public async Task Each_sslmode_means_to_us_what_it_means_to_psql()
    {
        await AgreeAsync("sslmode=disable", encrypted: false);
        await AgreeAsync("sslmode=prefer", encrypted: true);
        await AgreeAsync("sslmode=require", encrypted: true);
        await AgreeAsync($"sslmode=verify-ca sslrootcert={ours.Root}", encrypted: true);
        await AgreeAsync($"sslmode=verify-full sslrootcert={ours.Root}", encrypted: true);
        await RefuseAsync($"sslmode=verify-full sslrootcert={ours.Root}");
        await RefuseAsync($"sslmode=require sslrootcert={strangers.Root}");
        await RefuseAsync($"sslmode=verify-ca sslrootcert={strangers.Root}");
    }

    [Fact]
    public async Task A_client_certificate_and_its_key_reach_us_and_psql()
    {
        var (certificate, key) = ours.Sign("postgres", "client");
        var text = $"sslmode=require sslrootcert={ours.Root} sslcert={certificate} sslkey={key}";
        const string sql = "select client_dn from pg_stat_ssl where pid = pg_backend_pid()";
        var target = Target(text, "127.0.0.1");
        await using var session = await PostgresSession.OpenAsync(target, "t", CancellationToken.None);
        Assert.Equal("/CN=postgres", await session.ScalarAsync<string>(sql, CancellationToken.None));
        Assert.Equal("/CN=postgres", (await PsqlAsync(target, sql)).Output.Trim());
    }

    private async Task AgreeAsync(string text, bool encrypted)
    {
        const string sql = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()";
        var target = Target(text, "127.0.0.1");
        await using var session = await PostgresSession.OpenAsync(target, "t", CancellationToken.None);
        var expected = encrypted ? "true" : "false";
        Assert.Equal(expected, await session.ScalarAsync<string>(sql, CancellationToken.None));
        Assert.Equal(expected, (await PsqlAsync(target, sql)).OrThrow().Output.Trim());
    }

    private async Task RefuseAsync(string text)
    {
        var target = Target(text, "localhost");
        await FailAsync(target);
        Assert.False((await PsqlAsync(target, "select 1")).Succeeded);
    }

    private static async Task FailAsync(PostgresTarget target)
    {
        var e = await Assert.ThrowsAsync<TidelockException>(() =>
            PostgresSession.OpenAsync(target, "t", CancellationToken.None)
        );
        Assert.Equal("postgres.connect.tls", e.Problem.Code);
    }

    private PostgresTarget Target(string text, string host) =>
        PostgresTarget.Parse(
            $"{text} user=postgres port={cluster.Port} password={cluster.Target().LibpqEnvironment("t")["PGPASSWORD"]} "
                + $"host={host}",
            new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = "/nowhere" }
        );

    private static async Task<ProgramResult> PsqlAsync(PostgresTarget target, string sql)
    {
        var programs = await ClientPrograms.FindAsync(ProcessVariables.Read(), 0, CancellationToken.None);
        var psql = new ChildProgram(programs.Psql, ["-XAtwc", sql], target.LibpqEnvironment("t"));
        return await psql.RunAsync(CancellationToken.None);
    }
}
