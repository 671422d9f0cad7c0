using System.Collections.Concurrent;
using Npgsql;

[assembly: AssemblyFixture(typeof(Tidelock.Postgres.Tests.Servers.PostgresServer))]

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>
/// One real server for all tests of a process, and one more per major version that a test asks for. Take it as a constructor
/// parameter of the test class.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private readonly ConcurrentDictionary<int, Lazy<Task<LocalCluster>>> majors = new();

    /// <summary>The Debian server, with pg_stat_statements.</summary>
    public LocalCluster Cluster { get; private set; } = null!;

    /// <summary>Every major version Tidelock supports, for theories: <c>[MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]</c>.</summary>
    public static TheoryData<int> Majors => [14, 15, 16, 17, 18];

    /// <summary>A fresh database of the shared server; dropped when disposed.</summary>
    public Task<TestDatabase> CreateDatabaseAsync() => TestDatabase.CreateAsync(Cluster);

    /// <summary>A fresh database on a server of this major version, which is started once.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync(int major) =>
        await TestDatabase.CreateAsync(await MajorAsync(major));

    /// <summary>The shared server of a major version, with pg_stat_statements too.</summary>
    public Task<LocalCluster> MajorAsync(int major) =>
        major == Cluster.Programs.Major
            ? Task.FromResult(Cluster)
            : majors.GetOrAdd(major, m => new(() => StartMajorAsync(m))).Value;

    public async ValueTask InitializeAsync() =>
        Cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["shared_preload_libraries"] = "pg_stat_statements",
                    // More statements than all tests have: none is forgotten for another test's.
                    ["pg_stat_statements.max"] = "100000",
                    ["max_connections"] = "200",
                    ["wal_level"] = "logical",
                    // It comes when it likes: takes locks, changes estimates, has transactions.
                    ["autovacuum"] = "off",
                },
            },
            CancellationToken.None
        );

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await Cluster.DisposeAsync();
        foreach (var started in majors.Values.Where(m => m.IsValueCreated && m.Value.IsCompletedSuccessfully))
        {
            await (await started.Value).DisposeAsync();
        }
    }

    private static Task<LocalCluster> StartMajorAsync(int major)
    {
        var folder = Path.Combine(MajorFolders.Root, $"{major}", "bin");
        Assert.True(
            File.Exists(Path.Combine(folder, "initdb")),
            $"PostgreSQL {major} is not in {folder}. Run scripts/dev/postgres-majors, which installs all of them."
        );
        return LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Programs = new ServerPrograms(folder, major),
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["shared_preload_libraries"] = "pg_stat_statements",
                    ["autovacuum"] = "off",
                },
            },
            CancellationToken.None
        );
    }
}
