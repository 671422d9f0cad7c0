using System.Globalization;
using DbUp;
using DbUp.Engine.Output;
using EvolveDb;
using FluentMigrator.Runner;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Tidelock.Bench.Peers;
using Tidelock.Postgres;
using Tidelock.Relations;

// peers dbup|evolve|fluentmigrator CONNECTION FOLDER: carries the folder's V1__up.sql out with the peer, in one transaction, and prints how many
// milliseconds the peer's own call took, without the start of this program.
// peers tidelock-capture CONNECTION RELATION: how many Tidelock takes to capture the relation's closure, and to compare two of them.
if (args is not [var peer, var connection, var folder])
{
    await Console.Error.WriteLineAsync("peers dbup|evolve|fluentmigrator CONNECTION FOLDER");
    return 4;
}

var began = TimeProvider.System.GetTimestamp();
switch (peer)
{
    case "dbup":
        var result = DeployChanges
            .To.PostgresqlDatabase(connection)
            .WithScriptsFromFileSystem(folder)
            .WithVariablesDisabled()
            .WithTransaction()
            .LogTo(new NoOpUpgradeLog())
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
        {
            await Console.Error.WriteLineAsync(result.Error.ToString());
            return 2;
        }

        break;
    case "evolve":
        await using (var opened = new NpgsqlConnection(connection))
        {
            new Evolve(opened) { Locations = [folder], IsEraseDisabled = true }.Migrate();
        }

        break;
    case "fluentmigrator":
        ScriptMigration.File = Path.Combine(folder, "V1__up.sql");
        await using (
            var services = new ServiceCollection()
                .AddFluentMigratorCore()
                .ConfigureRunner(r =>
                    r.AddPostgres()
                        .WithGlobalConnectionString(connection)
                        .ScanIn(typeof(ScriptMigration).Assembly)
                        .For.Migrations()
                )
                .BuildServiceProvider()
        )
        {
            services.GetRequiredService<IMigrationRunner>().MigrateUp();
        }

        break;
    case "tidelock-capture":
        return await CaptureAsync(connection, folder);
    default:
        await Console.Error.WriteLineAsync("no such peer: " + peer);
        return 4;
}

var took = TimeProvider.System.GetElapsedTime(began);
Console.WriteLine(took.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture));
return 0;

static async Task<int> CaptureAsync(string connection, string relation)
{
    var settings = new NpgsqlConnectionStringBuilder(connection);
    var target = PostgresTarget.Parse(
        $"postgresql://{settings.Username}@/{settings.Database}?host={settings.Host}&port={settings.Port}",
        new Dictionary<string, string>(StringComparer.Ordinal)
    );
    await using var session = await PostgresSession.OpenAsync(target, "tidelock/bench", CancellationToken.None);
    var name = RelationName.TryParse(relation)!;
    RelationClosure? first = null;
    RelationClosure? second = null;
    foreach (var last in new[] { false, true })
    {
        var began = TimeProvider.System.GetTimestamp();
        second = (await ClosureCapture.CaptureAsync(session, name, CancellationToken.None)).ClosureOrNull;
        Print(began, last);
        first ??= second;
    }

    var comparing = TimeProvider.System.GetTimestamp();
    var differences = await ClosureComparison.DifferencesAsync(session, first, second, CancellationToken.None);
    Print(comparing, print: true);
    return differences.Count == 0 ? 0 : 2;
}

static void Print(long began, bool print)
{
    if (print)
    {
        var took = TimeProvider.System.GetElapsedTime(began);
        Console.WriteLine(took.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture));
    }
}
