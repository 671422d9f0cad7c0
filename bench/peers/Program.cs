using System.Globalization;
using DbUp;
using DbUp.Engine.Output;
using EvolveDb;
using Npgsql;

// peers dbup|evolve CONNECTION FOLDER: carries the folder's V1__up.sql out with the peer, in one transaction, and prints how many
// milliseconds the peer's own call took, without the start of this program.
if (args is not [var peer, var connection, var folder])
{
    await Console.Error.WriteLineAsync("peers dbup|evolve CONNECTION FOLDER");
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
    default:
        await Console.Error.WriteLineAsync("no such peer: " + peer);
        return 4;
}

var took = TimeProvider.System.GetElapsedTime(began);
Console.WriteLine(took.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture));
return 0;
