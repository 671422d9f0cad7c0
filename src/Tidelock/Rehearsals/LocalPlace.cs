using Tidelock.Backups;
using Tidelock.Backups.Restoring;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A throwaway server of this machine.</summary>
internal sealed class LocalPlace : CopyPlace
{
    private const string Database = "tidelock_rehearsal";
    private readonly LocalCluster cluster;

    private LocalPlace(LocalCluster cluster) => this.cluster = cluster;

    public override PostgresTarget Superuser => cluster.TargetAs("postgres", Database);

    public override int Major => cluster.Programs.Major;

    public override string Folder => cluster.Folder;

    public override IReadOnlySet<string>? Stubs => null;

    public override Message Lacks(string extensions) =>
        Message.Of(
            "rehearsals.extensions",
            ("extensions", extensions),
            ("major", cluster.Programs.Major),
            ("folder", cluster.Programs.Folder)
        );

    /// <exception cref="TidelockException"><c>postgres.cluster.*</c>.</exception>
    public static async Task<LocalPlace> StartAsync(
        ServerPrograms programs,
        SourceSettings source,
        CancellationToken cancellation
    )
    {
        var cluster = await LocalCluster
            .StartAsync(new LocalClusterOptions { Programs = programs }, cancellation)
            .ConfigureAwait(false);
        try
        {
            await using var server = await PostgresSession
                .OpenAsync(cluster.TargetAs("postgres", "postgres"), SchemaCopy.ApplicationName, cancellation)
                .ConfigureAwait(false);
            await CopyDatabase.CreateAsync(server, Database, source, cancellation).ConfigureAwait(false);
            return new LocalPlace(cluster);
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public override async Task<PostgresTarget> AdmitAsync(string role, CancellationToken cancellation)
    {
        await using var superuser = await PostgresSession
            .OpenAsync(Superuser, SchemaCopy.ApplicationName, cancellation)
            .ConfigureAwait(false);
        return await cluster.AdmitOverTcpAsync(superuser, role, cancellation).ConfigureAwait(false);
    }

    public override Task<PostgresSession> OpenAsync(string role, CancellationToken cancellation) =>
        PostgresSession.OpenAsync(cluster.TargetAs(role, Database), SchemaCopy.ApplicationName, cancellation);

    public override ValueTask DisposeAsync() => cluster.DisposeAsync();
}
