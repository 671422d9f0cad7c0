using System.Diagnostics;
using Npgsql;
using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Backups.Dumps;

/// <summary>Nobody queues behind a backup, nor it behind others for long.</summary>
public sealed class YieldingTests(PostgresServer server)
{
    /// <summary>2 s of patience, a look and the end of pg_dump's sessions: about 2.2 s, and more on a machine that has other work; not as long as the dump waits for its lock.</summary>
    private static readonly TimeSpan MostForReaders = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Somebodys_migration_ends_the_backup_it_has_waited_for_and_readers_wait_little_behind_it()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await HoldAsync(exam);
        var taking = TakeAsync(
            new BackupTaker(exam.Clients, TimeProvider.System) { Locks = TimeSpan.FromMinutes(2), Pauses = [] },
            exam
        );
        await HasBegunAsync(exam);
        using var over = new CancellationTokenSource();
        var reading = LongestReadAsync(exam, over.Token);

        await AlterAsync(exam);

        await over.CancelAsync();
        Assert.InRange(await reading, TimeSpan.FromSeconds(0.5), MostForReaders);
        var taken = await taking;
        Assert.Null(taken.Backup);
        Assert.Equal("backups.yield.gave-up", taken.Finding.Code);
        Assert.Contains(
            "their-migration (alter table exam_results",
            taken.Finding.ToString(),
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    [Fact]
    public async Task A_backup_that_gave_way_is_taken_again_and_says_to_whom_it_did()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await HoldAsync(exam);
        var told = new List<Message>();
        Task? letting = null;
        var taking = TakeAsync(
            new BackupTaker(exam.Clients, TimeProvider.System)
            {
                Locks = TimeSpan.FromMinutes(2),
                Patience = TimeSpan.FromMilliseconds(50),
                Pauses = [TimeSpan.FromMilliseconds(100)],
                Report = m =>
                {
                    told.Add(m);
                    letting = RunAsync(holder, "commit");
                },
            },
            exam
        );
        await HasBegunAsync(exam);

        await AlterAsync(exam);

        var taken = await taking;
        await letting!;
        Assert.Equal("backups.taken", taken.Finding.Code);
        Assert.Equal("backups.yield.to", Assert.Single(taken.Notes).Code);
        Assert.Equal("backups.yield.again", Assert.Single(told).Code);
        Assert.Equal([taken.Backup!.Path], Directory.GetFileSystemEntries(exam.Folder));
        var found = await exam.Verifier.VerifyAsync(
            taken.Backup.Path,
            await exam.IdentityAsync(),
            TimeSpan.FromHours(1),
            null,
            CancellationToken.None
        );
        Assert.Empty(found.Problems);
    }

    [Fact]
    public async Task Somebody_who_gives_up_and_tries_again_ends_the_backup_by_all_the_time_it_waited()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await HoldAsync(exam);
        var taker = new BackupTaker(exam.Clients, TimeProvider.System)
        {
            Locks = TimeSpan.FromMinutes(2),
            Patience = TimeSpan.FromSeconds(1),
            Pauses = [],
        };
        var taking = TakeAsync(taker, exam);
        await HasBegunAsync(exam);

        await using (var tool = await ConnectAsync(exam, "their-tool"))
        {
            await RunAsync(tool, "set lock_timeout = '300ms'");
            while (!taking.IsCompleted)
            {
                try
                {
                    await RunAsync(tool, "alter table exam_results add column if not exists note text");
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
                {
                    // It tries again.
                }
            }
        }

        var taken = await taking;
        Assert.Equal("backups.yield.gave-up", taken.Finding.Code);
        Assert.Contains("their-tool", taken.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_is_truncated_after_the_snapshot_and_before_its_lock_is_no_empty_table_of_the_backup()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await exam.Database.ExecuteAsync("create table emptied as select generate_series(1, 10) as n");
        await using var holder = await ConnectAsync(exam, "their-maintenance");
        await RunAsync(holder, "begin; lock table exam_results in access exclusive mode");
        var taking = TakeAsync(
            new BackupTaker(exam.Clients, TimeProvider.System)
            {
                Locks = TimeSpan.FromMinutes(2),
                Pauses = [TimeSpan.FromMilliseconds(10)],
            },
            exam
        );
        await WaitsForAsync(exam, "exam_results");

        await exam.Database.ExecuteAsync("truncate emptied; insert into emptied values (1)");
        await RunAsync(holder, "commit");

        var taken = await taking;
        Assert.Equal("backups.taken", taken.Finding.Code);
        var note = Assert.Single(taken.Notes);
        Assert.Equal("backups.rewritten", note.Code);
        Assert.Equal("public.emptied", note.Arguments["tables"]);
        Assert.Equal(1, taken.Backup!.Manifest!.Tables.Single(t => t.Name == "emptied").Rows);
        await using var restored = await RestoredDump.OfAsync(exam, taken.Backup.Dump);
        Assert.Equal(1, await restored.ScalarAsync<long>("select count(*) from emptied"));
    }

    [Fact]
    public async Task A_table_that_stays_locked_ends_the_backup_and_who_holds_it_is_named()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await ConnectAsync(exam, "their-maintenance");
        await RunAsync(holder, "begin; lock table exam_results in access exclusive mode");

        var taken = await TakeAsync(
            new BackupTaker(exam.Clients, TimeProvider.System) { Locks = TimeSpan.FromSeconds(1) },
            exam
        );

        Assert.Null(taken.Backup);
        Assert.Equal("backups.locked", taken.Finding.Code);
        Assert.Contains("exam_results", taken.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("their-maintenance", taken.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    private static Task<BackupTaking> TakeAsync(BackupTaker taker, ExamDatabase exam) =>
        taker.TakeAsync(exam.Database.Target, ExamDatabase.Run, exam.Options, null, _ => { }, CancellationToken.None);

    /// <summary>Somebody holds a table that pg_dump comes to last: so it stands still, and holds all others.</summary>
    private static async Task<NpgsqlConnection> HoldAsync(ExamDatabase exam)
    {
        await exam.Database.ExecuteAsync("create table last_of_all as select 1 as n");
        var holder = await ConnectAsync(exam, "their-maintenance");
        await RunAsync(holder, "begin; lock table last_of_all in access exclusive mode");
        return holder;
    }

    private static Task HasBegunAsync(ExamDatabase exam) => WaitsForAsync(exam, "last_of_all");

    private static Task WaitsForAsync(ExamDatabase exam, string table) =>
        exam.Database.UntilAsync(
            $"""
            select count(*) > 0 from pg_locks l join pg_stat_activity a using (pid)
            where not l.granted and l.relation = '{table}'::regclass and a.application_name = '{ExamDatabase.Run}/dump'
            """
        );

    private static async Task AlterAsync(ExamDatabase exam)
    {
        await using var connection = await ConnectAsync(exam, "their-migration");
        await RunAsync(connection, "alter table exam_results add column note text");
    }

    /// <summary>Reads the table again and again, and returns how long the longest read took.</summary>
    private static async Task<TimeSpan> LongestReadAsync(ExamDatabase exam, CancellationToken over)
    {
        await using var connection = await ConnectAsync(exam, "application");
        var longest = TimeSpan.Zero;
        while (!over.IsCancellationRequested)
        {
            var since = Stopwatch.GetTimestamp();
            await RunAsync(connection, "select count(*) from exam_results");
            var took = Stopwatch.GetElapsedTime(since);
            longest = took > longest ? took : longest;
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }

        return longest;
    }

    private static async Task<NpgsqlConnection> ConnectAsync(ExamDatabase exam, string name)
    {
        var connection = new NpgsqlConnection(exam.Database.Target.NpgsqlConnectionString(name));
        await connection.OpenAsync();
        return connection;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
