using Npgsql;
using Tidelock.Postgres;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;

namespace Tidelock.Crash.Tests;

/// <summary>The primary that dies in each test of a class, and is there again for the next one.</summary>
public sealed class FailoverPrimary : IAsyncLifetime
{
    internal LocalCluster Cluster { get; private set; } = null!;

    internal async Task<CrashBench> BenchAsync(string method = "definition") =>
        await CrashBench.CreateAsync(await TestDatabase.CreateAsync(Cluster), method);

    internal Task<StreamingStandby> StandbyAsync() => StreamingStandby.StartAsync(Cluster, "next");

    /// <summary>As operators name several servers: whichever may be written to.</summary>
    internal static string Through(CrashBench bench, StreamingStandby standby, Relay? relay = null)
    {
        var uri = new Uri(relay?.Through(bench.Database.Uri) ?? bench.Database.Uri);
        return $"postgresql://{uri.UserInfo}@{uri.Host}:{uri.Port},127.0.0.1:{standby.Port}{uri.AbsolutePath}?target_session_attrs=read-write";
    }

    public async ValueTask InitializeAsync() =>
        Cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await Cluster.DisposeAsync();
    }
}
