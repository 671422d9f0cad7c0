using Tidelock.Backups;
using Tidelock.Changes;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Rehearsals;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>A change written to a folder, and a database it is rehearsed for.</summary>
internal sealed class RehearsalBench : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-rehearsal-").FullName;

    private RehearsalBench(ViewBench views) => Views = views;

    public ViewBench Views { get; }

    public TestDatabase Database => Views.Database;

    public WayRehearser Rehearser { get; } =
        new(new BackupPrograms(), new MigrationTransaction(TimeProvider.System), TimeProvider.System);

    public static async Task<RehearsalBench> CreateAsync(PostgresServer server, string sql) =>
        await CreateAsync(await server.CreateDatabaseAsync(), sql);

    /// <summary>In a database that is the bench's from now on.</summary>
    public static async Task<RehearsalBench> CreateAsync(TestDatabase database, string sql) =>
        new(await ViewBench.EmptyAsync(database, sql));

    /// <summary>The example's database, without data.</summary>
    public static async Task<RehearsalBench> AttemptAsync(PostgresServer server) =>
        new(await ViewBench.AttemptAsync(server));

    public RehearsalBench With(string file, string text)
    {
        File.WriteAllText(Path.Combine(folder, file), text);
        return this;
    }

    /// <summary>The change file, but for its name and environment.</summary>
    public RehearsalBench Declaring(string yaml, string environments = "") =>
        With(
            "change.yaml",
            $$"""
            change: rehearsed
            {{yaml}}
            environments:
              production: { database: "${DATABASE_URL}" }
            {{environments}}
            """
        );

    public Change Change(string? of = null)
    {
        var reading = TidelockServices.ChangeLoader.Load(of ?? folder, "production", Variables());
        Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
        return reading.Change;
    }

    public Task<WayRehearsal> RehearseAsync(string role = "postgres") =>
        Rehearser.RehearseAsync(Change(), Target(role), CancellationToken.None);

    /// <summary>What the gate of the checklist says.</summary>
    public Task<GateFinding> EvaluateAsync(string role = "postgres")
    {
        var change = Change();
        return new RollbackPlanGate(Rehearser).EvaluateAsync(
            new GateContext(change, change.Environments[0], Target(role), null!, [], null, TimeProvider.System),
            CancellationToken.None
        );
    }

    public PostgresTarget Target(string role) => role == "postgres" ? Database.Target : Database.TargetAs(role);

    public async ValueTask DisposeAsync()
    {
        await Views.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private Dictionary<string, string> Variables() =>
        new(StringComparer.Ordinal)
        {
            ["DATABASE_URL"] = Database.Uri,
            ["STAGING_DATABASE_URL"] = Database.Uri,
            ["API_URL"] = "http://127.0.0.1:1",
            ["PROMETHEUS_URL"] = "http://127.0.0.1:1",
            ["DEMO_STAGING_URL"] = Database.Uri,
            ["DEMO_PRODUCTION_URL"] = Database.Uri,
        };
}
