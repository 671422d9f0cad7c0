using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Backups.Losses;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Postgres.Tests.Tools;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Backups.Dumps;

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
        Assert.Matches(@"^\d+:\d+:[\d,]*$", manifest.Snapshot);
        Assert.StartsWith($"{exam.Clients.Major}.", manifest.DumpProgram, StringComparison.Ordinal);
        Assert.Equal("gzip:1", manifest.Compression);
        Assert.Empty(manifest.Counted!);
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
        await using var holder = await StandAsync(exam, 10);
        using var disk = SmallDisk.Mount(exam.Folder, "100m");
        var full = 0;
        var taken = await TakeAsync(
            exam,
            p =>
            {
                if (p.Bytes > 0 && Interlocked.Exchange(ref full, 1) == 0)
                {
                    disk.Fill();
                    holder.Close();
                }
            }
        );
        Assert.Equal(1, full);
        Assert.Equal("backups.dump-failed", taken.Finding.Code);
        Assert.Contains("No space left", taken.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(exam.Folder));
    }

    [Theory]
    [InlineData(10)]
    [InlineData(50)]
    [InlineData(95)]
    public async Task A_pg_dump_that_is_killed_at_the_beginning_in_the_middle_or_near_the_end_leaves_nothing(
        int percent
    )
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await StandAsync(exam, percent);
        var taking = TakeAsync(exam, _ => { });
        await StandsAsync(exam, 1);

        Assert.True(Polling.Kill("pg_dump", exam.Folder) > 0);

        Assert.Equal("backups.dump-failed", (await taking).Finding.Code);
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    [Theory]
    [InlineData("fast")]
    [InlineData("immediate")]
    public async Task A_server_that_is_restarted_in_the_middle_leaves_nothing_and_the_next_backup_is_whole(string mode)
    {
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var exam = await ExamDatabase.CreateAsync(await TestDatabase.CreateAsync(cluster));
        await using var holder = await StandAsync(exam, 50);
        await exam.Database.ExecuteAsync("checkpoint");
        Task? restarting = null;

        var fault = await Record.ExceptionAsync(() =>
            TakeAsync(exam, p => restarting ??= p.Bytes > 0 ? cluster.RestartAsync(mode, CancellationToken.None) : null)
        );

        // Lost, and no outcome: by a session that broke, or by the next one while the server is not there.
        Assert.True(fault is NpgsqlException or TidelockException, $"{fault}");
        await restarting!;
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
        var again = await exam.TakeAsync();
        Assert.Equal(500, Rows(again, "exam_results"));
    }

    [Fact]
    public async Task Cancelling_in_the_middle_leaves_nothing()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await StandAsync(exam, 50);
        using var cancel = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            exam.Taker.TakeAsync(
                exam.Database.Target,
                ExamDatabase.Run,
                exam.Options,
                null,
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
        await File.WriteAllTextAsync(Path.Combine(abandoned, ".lock"), Environment.MachineName, CancellationToken.None);
        StartedChild? orphan = null;
        var running = new ChildProgram("sleep", "600")
        {
            OnStarted = child =>
            {
                orphan = child;
                return Task.CompletedTask;
            },
        }.RunAsync(CancellationToken.None);
        await Polling.UntilAsync(() => Task.FromResult(orphan is not null));
        await File.WriteAllLinesAsync(
            Path.Combine(abandoned, ".pg_dump"),
            [$"{orphan!.ProcessId}", orphan.Started],
            CancellationToken.None
        );
        using var other = BackupFolder.Create(exam.Folder, "other", DateTimeOffset.UnixEpoch);
        await exam.TakeAsync();
        Assert.False(Directory.Exists(abandoned));
        Assert.NotEqual(0, (await running).ExitCode);
        Assert.True(Directory.Exists(other.Path));
    }

    [Fact]
    public async Task When_what_shows_the_progress_fails_pg_dump_is_ended_and_the_fault_is_told()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await StandAsync(exam, 50);

        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            TakeAsync(exam, _ => throw new InvalidOperationException("screen gone"))
        );

        Assert.Equal("screen gone", fault.Message);
        Assert.Equal(0, Polling.Kill("pg_dump", exam.Folder));
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    [Fact]
    public async Task Rows_written_after_the_snapshot_are_neither_counted_nor_dumped()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var writer = await exam.Database.ConnectAsync();
        await RunAsync(writer, "begin; lock table exam_results in access exclusive mode");
        var taking = TakeAsync(exam, _ => { });
        await exam.Database.UntilAsync(
            $"select count(*) > 0 from pg_locks l join pg_stat_activity a using (pid) where not l.granted and a.datname = current_database() and a.application_name = '{ExamDatabase.Run}'"
        );

        await RunAsync(
            writer,
            """
            insert into exam_results (student, answers) select 'late', '[]' from generate_series(1, 100);
            insert into "exam data"."odd ""name" values (3, 'late');
            commit
            """
        );

        var backup = (await taking).Backup!;
        Assert.Equal(500, Rows(backup, "exam_results"));
        Assert.Equal(2, Rows(backup, "odd \"name"));
        await using var restored = await RestoredDump.OfAsync(exam, backup.Dump);
        Assert.Equal(500, await restored.ScalarAsync<long>("select count(*) from exam_results"));
    }

    [Fact]
    public async Task Tables_are_dumped_by_several_jobs_at_once()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var holder = await StandAsync(exam, 50, "large", "larger");
        var taking = TakeAsync(exam, _ => { });

        await StandsAsync(exam, 2);

        await holder.CloseAsync();
        Assert.NotNull((await taking).Backup);
    }

    [Fact]
    public async Task Declared_tables_are_counted_whatever_the_change_reads_and_one_that_is_not_there_is_refused()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var odd = new RelationName("exam data", "odd \"name");
        var taken = await TakeAsync(exam, _ => { }, exam.Options with { Count = [odd] });
        Assert.Equal(2, Rows(taken.Backup!, "odd \"name"));
        Assert.Equal([odd.ToString()], taken.Backup!.Manifest!.Counted!);
        Assert.Empty(taken.Notes);

        var wrong = exam.Options with { Count = [odd, new RelationName("public", "nowhere")] };
        var refused = await TakeAsync(exam, _ => { }, wrong);
        Assert.Equal("backups.count.unknown", refused.Finding.Code);
        Assert.Equal("public.nowhere", refused.Finding.Arguments["tables"]);
    }

    [Fact]
    public async Task The_manifest_has_the_revision_at_which_the_migrations_own_tool_says_that_the_database_is()
    {
        await using var bench = await AlembicBench.CreateAsync(server);
        var folder = Directory.CreateTempSubdirectory("tl-backups-").FullName;
        var clients = await ClientPrograms.FindAsync(ProcessVariables.Read(), 0, CancellationToken.None);

        var taken = await new BackupTaker(clients, TimeProvider.System) { Tool = bench.Migration() }.TakeAsync(
            bench.Database.Target,
            ExamDatabase.Run,
            new BackupOptions(BackupSource.PgDump, TimeSpan.FromHours(1)) { Folder = folder },
            new RelationName("public", "attempt"),
            _ => { },
            CancellationToken.None
        );

        Assert.Equal("attempt_before", taken.Backup!.Manifest!.Revision);
        Assert.Equal(["public.attempt"], taken.Backup.Manifest.Counted!);
        Assert.NotNull(Rows(taken.Backup, "exam_results"));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(CompressionMethod.None, null, ".dat", "none")]
    [InlineData(CompressionMethod.Gzip, null, ".dat.gz", "gzip")]
    public async Task A_dump_is_compressed_as_the_change_says(
        CompressionMethod method,
        int? level,
        string ending,
        string name
    )
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var taken = await TakeAsync(exam, _ => { }, exam.Options with { Compress = new(method, level) });
        Assert.Equal(name, taken.Backup!.Manifest!.Compression);
        Assert.All(
            taken.Backup.Manifest.Files.Where(f => f.Path != "toc.dat"),
            f => Assert.EndsWith(ending, f.Path, StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_method_that_this_pg_dump_lacks_is_refused_before_anything_is_written()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        Assert.SkipUnless(exam.Clients.Major < 16, "This pg_dump may know zstd.");

        var taken = await TakeAsync(exam, _ => { }, exam.Options with { Compress = new(CompressionMethod.Zstd, 1) });

        Assert.Equal("backups.compress.lacking", taken.Finding.Code);
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));

        // What a newer one is asked, this one answers, too: by its exit code.
        var asNewer = await CompressionArgument.LackingAsync(
            exam.Clients with
            {
                Major = 16,
            },
            exam.Database.Target,
            new BackupOrder(ExamDatabase.Run, exam.Options, null, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2)),
            new(CompressionMethod.Zstd, 1),
            CancellationToken.None
        );
        Assert.Equal("backups.compress.failed", asNewer!.Code);
        Assert.Contains("zstd:1", asNewer.Arguments["words"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Counting_has_a_minute_in_all_and_begins_with_what_the_changes_relation_reads()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await exam.Database.ExecuteAsync("create table aside as select 1 as n; create table beside as select 1 as n");

        var counted = await CountAsync(exam, new SlowTime(TimeSpan.FromSeconds(50)));

        Assert.Equal(["exam_results"], counted.Where(t => t.Rows is not null).Select(t => t.Name));
        Assert.Equal(4, counted.Count);
        Assert.All(await CountAsync(exam, TimeProvider.System), t => Assert.NotNull(t.Rows));
    }

    [Fact]
    public async Task Partitions_of_the_changes_relation_are_counted_first_and_tables_of_unknown_size_last()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await exam.Database.ExecuteAsync(
            """
            create table answers (n int) partition by range (n);
            create table answers_low partition of answers for values from (0) to (10);
            create table answers_high partition of answers for values from (10) to (99) partition by range (n);
            create table answers_highest partition of answers_high for values from (10) to (99);
            insert into answers select generate_series(1, 50);
            create view all_answers as select n from answers;
            create table aa_unknown as select 1 as n;
            analyze answers, answers_low, answers_highest
            """
        );

        var first = await CountAsync(exam, new SlowTime(TimeSpan.FromSeconds(25)), "all_answers");
        var more = await CountAsync(exam, new SlowTime(TimeSpan.FromSeconds(13)), "all_answers");

        Assert.Equal(["answers_highest", "answers_low"], Counted(first));
        Assert.Equal(
            ["answers_highest", "answers_low", "exam_results", "odd \"name"],
            Counted(more).Order(StringComparer.Ordinal)
        );
        Assert.Equal(1, (await CountAsync(exam, TimeProvider.System)).Single(t => t.Name == "aa_unknown").Rows);

        static IEnumerable<string> Counted(IReadOnlyList<TableState> tables) =>
            tables.Where(t => t.Rows is not null).Select(t => t.Name);
    }

    [Fact]
    public async Task A_count_that_takes_too_long_is_given_up_and_the_snapshot_stays()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await exam.Database.ExecuteAsync("create table large as select generate_series(1, 500000)");

        var counted = await CountAsync(
            exam,
            new SlowTime(TimeSpan.FromSeconds(60) - TimeSpan.FromMilliseconds(2)),
            "large"
        );

        Assert.Null(counted.Single(t => t.Name == "large").Rows);
    }

    /// <summary>In a snapshot of its own, which is asked afterwards, so that it must still be there.</summary>
    private static async Task<IReadOnlyList<TableState>> CountAsync(
        ExamDatabase exam,
        TimeProvider time,
        string relation = "attempt"
    )
    {
        await using var session = await exam.OpenAsync();
        var tables = await TableStates.ReadAsync(session, CancellationToken.None);
        await session.ExecuteAsync("begin isolation level repeatable read read only", CancellationToken.None);
        var snapshot = await Snapshot.ExportAsync(session, CancellationToken.None);
        var counted = await TableStates.CountAsync(
            session,
            tables,
            [new RelationName("public", relation)],
            time,
            CancellationToken.None
        );
        await using var other = await exam.OpenAsync();
        await other.ExecuteAsync(
            $"begin isolation level repeatable read; set transaction snapshot '{snapshot.Name}'",
            CancellationToken.None
        );
        return counted;
    }

    private static long? Rows(Backup backup, string table) => backup.Manifest!.Tables.Single(t => t.Name == table).Rows;

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static Task<BackupTaking> TakeAsync(
        ExamDatabase exam,
        Action<BackupProgress> progress,
        BackupOptions? options = null
    ) =>
        new BackupTaker(exam.Clients, TimeProvider.System) { Locks = TimeSpan.FromMinutes(5) }.TakeAsync(
            exam.Database.Target,
            ExamDatabase.Run,
            options ?? exam.Options,
            null,
            progress,
            CancellationToken.None
        );

    /// <summary>
    /// Makes tables at whose row after so much of them pg_dump stands still: it waits for the index of that row's large value, which the session holds
    /// that comes back.
    /// </summary>
    private static async Task<NpgsqlConnection> StandAsync(ExamDatabase exam, int percent, params string[] tables)
    {
        var holder = await exam.Database.ConnectAsync();
        var indexes = new List<string>();
        foreach (var table in tables.DefaultIfEmpty("large"))
        {
            await RunAsync(
                holder,
                $"""
                create table {table} (n int, x text, value text);
                alter table {table} alter value set storage external;
                insert into {table} select n, md5(n::text) || md5((n + 1)::text), case n when {percent
                    * 1000} then repeat('x', 10000) end
                  from generate_series(1, 100000) n
                """
            );
            indexes.Add(
                (
                    await exam.Database.ScalarAsync<string>(
                        $"select indexrelid::regclass::text from pg_index join pg_class c on indrelid = reltoastrelid where c.oid = '{table}'::regclass"
                    )
                )!
            );
        }

        await RunAsync(holder, "begin;" + string.Concat(indexes.Select(i => $"reindex index {i};")));
        return holder;
    }

    /// <summary>So many of pg_dump's sessions stand still.</summary>
    private static Task StandsAsync(ExamDatabase exam, int sessions) =>
        exam.Database.UntilAsync(
            $"""
            select count(*) = {sessions} from pg_locks l join pg_stat_activity a using (pid)
            where not l.granted and a.datname = current_database() and a.application_name = '{ExamDatabase.Run}/dump' and a.query like 'COPY %'
            """
        );
}
