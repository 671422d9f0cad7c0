using System.Diagnostics;
using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups;

public sealed class TakingTests(PostgresServer server)
{
    [Fact]
    public async Task A_backup_says_what_it_holds_and_never_the_password()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var manifest = backup.Manifest!;
        var results = manifest.Tables.Single(t => t.Name == "exam_results");
        Assert.Equal(500, results.Rows);
        Assert.Equal(2, manifest.Tables.Single(t => t.Name == "odd \"name").Rows);
        Assert.Equal(exam.Database.Name, manifest.Identity.Database);
        Assert.Contains("exam owner", manifest.Source.Roles);
        Assert.Contains(manifest.Files, f => f.Path == "toc.dat" && f.Sha256.Length == 64);
        Assert.True(manifest.StartedAt <= manifest.FinishedAt);
        var password = exam.Database.Target.LibpqEnvironment("x")["PGPASSWORD"]!;
        Assert.DoesNotContain(
            password,
            await File.ReadAllTextAsync(Path.Combine(backup.Path, "manifest.json"), CancellationToken.None),
            StringComparison.Ordinal
        );
        Assert.Equal([backup.Path], Directory.GetFileSystemEntries(exam.Folder));
    }

    [Fact]
    public async Task Too_little_room_is_said_before_anything_is_written()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        using var disk = SmallDisk.Mount(exam.Folder, "4m");
        var taken = await TakeAsync(exam, _ => { });
        Assert.Equal("backups.no-space", taken.Finding.Code);
        Assert.Contains(exam.Folder, taken.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    [Fact]
    public async Task A_disk_that_fills_up_while_pg_dump_writes_leaves_nothing()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await GrowAsync(exam);
        using var disk = SmallDisk.Mount(exam.Folder, "300m");
        var full = 0;
        var taken = await TakeAsync(
            exam,
            p =>
            {
                if (p.Bytes > 0 && Interlocked.Exchange(ref full, 1) == 0)
                {
                    disk.Fill();
                }
            }
        );
        Assert.Equal(1, full);
        Assert.Equal("backups.dump-failed", taken.Finding.Code);
        Assert.Contains("No space left", taken.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(exam.Folder));
    }

    [Fact]
    public async Task A_pg_dump_that_is_killed_in_the_middle_leaves_nothing()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await GrowAsync(exam);
        var killed = 0;
        var taken = await TakeAsync(
            exam,
            p => killed += p.Bytes > 0 && killed == 0 ? Polling.Kill("pg_dump", exam.Folder) : 0
        );
        Assert.True(killed > 0);
        Assert.Equal("backups.dump-failed", taken.Finding.Code);
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    [Fact]
    public async Task Cancelling_in_the_middle_leaves_nothing()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await GrowAsync(exam);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            exam.Taker.TakeAsync(
                exam.Database.Target,
                ExamDatabase.Run,
                exam.Options,
                p =>
                {
                    if (p.Bytes > 0)
                    {
                        cancel.Cancel();
                    }
                },
                cancel.Token
            )
        );
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    [Fact]
    public async Task What_a_killed_program_left_is_removed_by_the_next_backup_and_what_another_is_writing_stays()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var abandoned = Directory.CreateDirectory(Path.Combine(exam.Folder, ".unfinished-dead")).FullName;
        await File.WriteAllTextAsync(Path.Combine(abandoned, ".lock"), "", CancellationToken.None);
        using var other = BackupFolder.Create(exam.Folder, "other", DateTimeOffset.UnixEpoch);
        await exam.TakeAsync();
        Assert.False(Directory.Exists(abandoned));
        Assert.True(Directory.Exists(other.Path));
    }

    private static Task<BackupTaking> TakeAsync(ExamDatabase exam, Action<BackupProgress> progress) =>
        exam.Taker.TakeAsync(exam.Database.Target, ExamDatabase.Run, exam.Options, progress, CancellationToken.None);

    /// <summary>Enough that pg_dump is seen while it writes.</summary>
    private static Task GrowAsync(ExamDatabase exam) =>
        exam.Database.ExecuteAsync(
            "create table large as select n, md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text) as x from generate_series(1, 500000) n"
        );

    /// <summary>A tmpfs over a folder.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly string folder;

        private SmallDisk(string folder) => this.folder = folder;

        public static SmallDisk Mount(string folder, string size)
        {
            Assert.SkipUnless(Environment.IsPrivilegedProcess, "Mounting a small disk needs root.");
            Call("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder);
            return new SmallDisk(folder);
        }

        public void Fill()
        {
            try
            {
                using var filler = File.Create(Path.Combine(folder, "filler"));
                var block = new byte[1 << 20];
                while (true)
                {
                    filler.Write(block);
                }
            }
            catch (IOException)
            {
                // The disk is full: what was wanted.
            }
        }

        public void Dispose() => Call("umount", "-l", folder);

        private static void Call(string program, params string[] arguments)
        {
            using var process = Process.Start(program, arguments);
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }
    }
}
