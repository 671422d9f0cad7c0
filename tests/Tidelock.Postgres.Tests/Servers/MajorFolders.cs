namespace Tidelock.Postgres.Tests.Servers;

/// <summary>Where scripts/dev/postgres-majors puts the other major versions: a place that user nobody can enter, too.</summary>
public static class MajorFolders
{
    public static string Root =>
        Environment.GetEnvironmentVariable("TIDELOCK_POSTGRES_MAJORS") is { Length: > 0 } chosen ? chosen
        : Environment.IsPrivilegedProcess ? "/var/cache/tidelock/postgres"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/tidelock/postgres");

    /// <summary>Client programs that can pack by every method.</summary>
    public static ClientPrograms Clients
    {
        get
        {
            var folder = Path.Combine(Root, "18-clients", "bin");
            Assert.True(
                File.Exists(Path.Combine(folder, "pg_dump")),
                $"pg_dump 18 is not in {folder}. Run scripts/dev/postgres-majors, which installs it."
            );
            return new ClientPrograms(folder, 18);
        }
    }
}
