using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>A dump restored by hand into a database of its own.</summary>
internal static class RestoredDump
{
    public static async Task<TestDatabase> OfAsync(ExamDatabase exam, string dump)
    {
        var database = await TestDatabase.CreateAsync(exam.Database.Cluster);
        (
            await new ChildProgram(
                exam.Clients.PgRestore,
                ["--exit-on-error", "--dbname=" + database.Name, dump],
                database.Target.LibpqEnvironment("somebody")
            ).RunAsync(CancellationToken.None)
        ).OrThrow();
        return database;
    }
}
