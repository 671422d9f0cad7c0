using Tidelock.Backups;
using Tidelock.Changes;
using Tidelock.Gates;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Rehearsals;
using Tidelock.Rollbacks;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>Takes backups of a bench's database and rehearses its change on their data.</summary>
internal sealed class DataBench(RehearsalBench bench) : IAsyncDisposable
{
    private readonly DataRehearser rehearser = new(
        new BackupPrograms(),
        new MigrationTransaction(TimeProvider.System),
        TimeProvider.System
    );

    public RehearsalBench Bench => bench;

    public string Folder { get; } = Directory.CreateTempSubdirectory("tl-backups-").FullName;

    /// <summary>Where the throwaway server lies; every process of it has this in its arguments.</summary>
    public string Place { get; } = Reachable("tl-place-");

    /// <summary>How its backups are encrypted; null where they are not.</summary>
    public DumpEncryption? Encryption { get; set; }

    /// <summary>How long a rehearsal may take; null for what the change says.</summary>
    public TimeSpan? Within { get; set; }

    /// <summary>Told what begins.</summary>
    public Action<RehearsalPart> Begins { get; set; } = _ => { };

    public static async Task<DataBench> CreateAsync(PostgresServer server, string sql) =>
        new(await RehearsalBench.CreateAsync(server, sql));

    public async Task<Backup> TakeAsync(Change? change = null)
    {
        var clients = await ClientPrograms.FindAsync(ProcessVariables.Read(), 15, CancellationToken.None);
        var taken = await new BackupTaker(clients, TimeProvider.System).TakeAsync(
            bench.Database.Target,
            ExamDatabase.Run,
            new BackupOptions(BackupSource.PgDump, TimeSpan.FromHours(2)) { Folder = Folder, Encrypt = Encryption },
            RunBaseline.RelationOf(change ?? bench.Change()),
            _ => { },
            CancellationToken.None
        );
        Assert.True(taken.Backup is not null, taken.Finding.ToString());
        return taken.Backup;
    }

    public async Task<RehearsalRecord> RehearseAsync(
        Backup? backup = null,
        string role = "postgres",
        Change? change = null
    )
    {
        change ??= bench.Change();
        backup ??= await TakeAsync(change);
        var options = change.Section<GateOptions>().Backup;
        options = options with
        {
            Encrypt = Encryption,
            Rehearsal = options.Rehearsal with { Folder = Place, Within = Within ?? options.Rehearsal.Within },
        };
        return await rehearser.RehearseAsync(
            backup,
            new DataRehearsalOrder(
                change,
                "production",
                options,
                "kim",
                null,
                backup.Manifest?.StartedAt,
                c => PostgresSession.OpenAsync(bench.Target(role), ExamDatabase.Run, c)
            ),
            new RehearsalWatch(Begins, _ => { }),
            CancellationToken.None
        );
    }

    /// <summary>All parts passed; else why not.</summary>
    public static void AssertWhole(RehearsalRecord record)
    {
        Assert.True(record.Passed, $"{record.Failed?.Part}: {record.Failed?.Finding}");
        Assert.Equal(Enum.GetValues<RehearsalPart>(), record.Parts.Select(p => p.Part));
    }

    public async ValueTask DisposeAsync()
    {
        await bench.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        Directory.Delete(Place, recursive: true);
    }

    /// <summary>The server's user may be another one.</summary>
    private static string Reachable(string prefix)
    {
        var folder = Directory.CreateTempSubdirectory(prefix).FullName;
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherExecute | UnixFileMode.OtherRead);
        return folder;
    }
}
