using System.Diagnostics;
using System.Globalization;
using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>A dump of production leaves the database's machine encrypted or with somebody's consent.</summary>
public sealed class SameMachineTests(PostgresServer server)
{
    [Fact]
    public async Task A_server_of_this_machine_is_seen_as_such_over_a_socket_and_over_tcp()
    {
        await using var database = await server.CreateDatabaseAsync();
        foreach (var target in (PostgresTarget[])[database.Target, database.TargetAs("postgres")])
        {
            Assert.Null(await ProblemAsync(target));
        }
    }

    [Fact]
    public async Task A_server_in_a_container_is_another_machine_though_its_address_is_this_ones()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "A namespace of its own needs root.");
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await cluster.StopServerAsync("fast", CancellationToken.None);
        using var contained = Process.Start(
            new ProcessStartInfo(
                "unshare",
                [
                    "--fork",
                    "--pid",
                    "--ipc",
                    "setpriv",
                    "--reuid=65534",
                    "--regid=65534",
                    "--clear-groups",
                    Path.Combine(cluster.Programs.Folder, "postgres"),
                    "-D",
                    Path.Combine(cluster.Folder, "data"),
                    "-p",
                    cluster.Port.ToString(CultureInfo.InvariantCulture),
                    "-k",
                    cluster.SocketFolder,
                    "-h",
                    "127.0.0.1",
                ]
            )
            {
                RedirectStandardError = true,
            }
        )!;
        try
        {
            await Polling.UntilAsync(() => AnswersAsync(cluster));
            var problem = await ProblemAsync(cluster.Target());
            Assert.Equal("backups.elsewhere", problem!.Code);
            Assert.Equal(Environment.MachineName, problem.Arguments["machine"]);
            Assert.Null(await ProblemAsync(cluster.Target(), isProduction: false));
            var encrypted = new DumpEncryption(EncryptionTool.Age, ["age1x"], null, null);
            Assert.Equal(
                "backups.elsewhere.rehearsal",
                (await ProblemAsync(cluster.Target(), encrypt: encrypted))!.Code
            );
            Assert.Null(await ProblemAsync(cluster.Target(), encrypt: encrypted, proof: BackupLevel.Verified));
            var files = await ProblemAsync(cluster.Target(), by: BackupSource.PgBackRest);
            Assert.Equal("backups.elsewhere.rehearsal", files!.Code);
            Assert.Null(await ProblemAsync(cluster.Target(), by: BackupSource.PgBackRest, proof: BackupLevel.Verified));
        }
        finally
        {
            // The first process of a container takes all others with it.
            Assert.True(Polling.Kill("postgres", cluster.Folder) > 0);
            await contained.WaitForExitAsync();

            // It names a process of the container: here that number is somebody else's.
            File.Delete(Path.Combine(cluster.Folder, "data", "postmaster.pid"));
        }
    }

    private static async Task<bool> AnswersAsync(LocalCluster cluster)
    {
        try
        {
            await using var session = await PostgresSession.OpenAsync(cluster.Target(), "test", CancellationToken.None);
            return true;
        }
        catch (TidelockException)
        {
            return false;
        }
    }

    private static Task<Texts.Message?> ProblemAsync(
        PostgresTarget target,
        bool isProduction = true,
        DumpEncryption? encrypt = null,
        BackupLevel proof = BackupLevel.Rehearsed,
        BackupSource by = BackupSource.PgDump
    ) =>
        PlainElsewhere.ProblemAsync(
            new BackupOptions(by, TimeSpan.FromHours(1)) { Encrypt = encrypt, Proof = proof },
            isProduction,
            target,
            CancellationToken.None
        );
}
