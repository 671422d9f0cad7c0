using System.Globalization;
using Tidelock.Postgres;

namespace Tidelock.Cli.Demo;

/// <summary>A throwaway server with a staging and a production database, filled with exam results. Gone when disposed.</summary>
internal sealed class DemoServer : IAsyncDisposable
{
    public const int Results = 20_000;
    private const int StagingResults = 2_000;
    private const string ApplicationName = "tidelock demo";

    private readonly LocalCluster cluster;

    private DemoServer(LocalCluster cluster) => this.cluster = cluster;

    public int Major => cluster.Programs.Major;

    public PostgresTarget Staging => cluster.Target("seedtest_staging");

    public PostgresTarget Production => cluster.Target("seedtest");

    public static async Task<DemoServer> StartAsync(string example, CancellationToken cancellation)
    {
        var options = new LocalClusterOptions
        {
            Settings = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["shared_preload_libraries"] = "pg_stat_statements",
                ["jit"] = "off",
            },
        };
        var server = new DemoServer(await LocalCluster.StartAsync(options, cancellation));
        try
        {
            await server.FillAsync(server.Staging, example, StagingResults, cancellation);
            await server.FillAsync(server.Production, example, Results, cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs SQL in a database.</summary>
    public static async Task ExecuteAsync(PostgresTarget target, string sql, CancellationToken cancellation)
    {
        await using var session = await PostgresSession.OpenAsync(target, ApplicationName, cancellation);
        await session.ExecuteAsync(sql, cancellation);
    }

    /// <summary>As an operator has it in DATABASE_URL.</summary>
    public static string Url(PostgresTarget target)
    {
        var password = target.LibpqEnvironment(ApplicationName)["PGPASSWORD"];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"postgresql://{target.User}:{password}@{target.Host}:{target.Port}/{target.Database}"
        );
    }

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    private async Task FillAsync(PostgresTarget target, string example, int results, CancellationToken cancellation)
    {
        await ExecuteAsync(cluster.Target(), $"create database {Identifiers.Quote(target.Database)}", cancellation);
        var schema = await File.ReadAllTextAsync(Path.Combine(example, "database.sql"), cancellation);
        var rows = await File.ReadAllTextAsync(Path.Combine(example, "generate.sql"), cancellation);
        var count = results.ToString(CultureInfo.InvariantCulture);
        await ExecuteAsync(
            target,
            $"set search_path = public; create extension pg_stat_statements; {schema}",
            cancellation
        );
        await ExecuteAsync(
            target,
            $"set search_path = public; set seedtest.results = '{count}'; {rows}; analyze; refresh materialized view public.attempt_mv",
            cancellation
        );
    }
}
