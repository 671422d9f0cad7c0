using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Views;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Tools;

/// <summary>The example's Alembic project and its database, as it stands before the change; real Alembic throughout.</summary>
internal sealed class AlembicBench(ViewBench views)
    : ToolBench(views, Path.Combine(ViewBench.Root, "examples", "attempt-view-v1-alembic"), "alembic")
{
    /// <summary>Debian's alembic belongs to this one.</summary>
    public const string Python = "/usr/bin/python3";

    public static async Task<AlembicBench> CreateAsync(PostgresServer server) =>
        await CreateAsync(await server.CreateDatabaseAsync());

    public static async Task<AlembicBench> CreateAsync(TestDatabase database)
    {
        var bench = new AlembicBench(await ViewBench.AttemptAsync(database));
        bench.Edit("../change.yaml", "upgrade: head", $"upgrade: head, python: {Python}");
        bench.Edit("../change.yaml", "for: 1m, every: 5s", "for: 1s, every: 200ms");

        // The gate rehearses the tool; once more on a backup's data takes seconds at each start.
        bench.Edit("../change.yaml", "watch:", "gates: { backup: { rehearse: false, folder: ../backups } }\nwatch:");
        (await bench.AlembicAsync("stamp", "attempt_before")).OrThrow();
        return bench;
    }

    /// <summary>Alembic as a person would run it.</summary>
    public Task<ProgramResult> AlembicAsync(params string[] arguments) =>
        new ChildProgram(
            Python,
            ["-m", "alembic", .. arguments],
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["DATABASE_URL"] = Database.Target.Uri },
            Project
        ).RunAsync(default);

    public Task<List<string>> VersionAsync() => Database.RowsAsync("select version_num from public.alembic_version");
}
