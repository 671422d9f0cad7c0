namespace Tidelock.Postgres.Tests.Servers;

/// <summary>Where scripts/dev/postgres-majors puts the other major versions: a place that user nobody can enter, too.</summary>
public static class MajorFolders
{
    public static string Root =>
        Environment.GetEnvironmentVariable("TIDELOCK_POSTGRES_MAJORS") is { Length: > 0 } chosen ? chosen
        : Environment.IsPrivilegedProcess ? "/var/cache/tidelock/postgres"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache/tidelock/postgres");
}
