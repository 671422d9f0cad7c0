using System.Text;
using Microsoft.Extensions.Time.Testing;
using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Rollbacks;
using Tidelock.Runs;

namespace Tidelock.Postgres.Tests.Backups;

public sealed class VerifyingTests(PostgresServer server)
{
    private static readonly TimeSpan TwoHours = TimeSpan.FromHours(2);

    [Fact]
    public async Task A_whole_fresh_backup_of_this_database_is_verified()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var found = await VerifyAsync(exam, backup.Path);
        Assert.Empty(found.Problems);
        Assert.Equal(BackupLevel.Verified, found.Level);
        Assert.Equal(backup.Manifest!.Size, found.Size);
    }

    [Theory]
    [InlineData("toc.dat")]
    [InlineData(".dat.gz")]
    public async Task A_file_that_was_cut_off_is_named(string which)
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var file = FileOf(backup, which);
        await using (var content = File.OpenWrite(file))
        {
            content.SetLength(content.Length / 2);
        }

        await AssertProblemAsync(exam, backup.Path, "backups.file-size", Path.GetFileName(file));
    }

    [Theory]
    [InlineData("toc.dat")]
    [InlineData(".dat.gz")]
    public async Task A_single_flipped_bit_is_found(string which)
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var file = FileOf(backup, which);
        var bytes = await File.ReadAllBytesAsync(file, CancellationToken.None);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, CancellationToken.None);
        await AssertProblemAsync(exam, backup.Path, "backups.file-changed", Path.GetFileName(file));
    }

    [Fact]
    public async Task A_missing_table_of_contents_is_said_as_such()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        File.Delete(Path.Combine(backup.Dump, "toc.dat"));
        await AssertProblemAsync(exam, backup.Path, "backups.toc-missing", backup.Dump);
    }

    [Fact]
    public async Task A_missing_data_file_is_named()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var file = FileOf(backup, ".dat.gz");
        File.Delete(file);
        await AssertProblemAsync(exam, backup.Path, "backups.file-missing", Path.GetFileName(file));
    }

    [Fact]
    public async Task A_backup_of_another_database_of_this_server_is_refused()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var other = await ExamDatabase.CreateAsync(server);
        var backup = await other.TakeAsync();
        await AssertProblemAsync(exam, backup.Path, "backups.other-database", other.Database.Name);
    }

    [Fact]
    public async Task A_backup_of_a_database_of_the_same_name_on_another_server_is_refused()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var second = await LocalCluster.StartAsync(new LocalClusterOptions(), CancellationToken.None);
        await using var twin = await ExamDatabase.CreateAsync(
            await TestDatabase.CreateAsync(second, exam.Database.Name)
        );
        var backup = await twin.TakeAsync();
        await AssertProblemAsync(exam, backup.Path, "backups.other-server", "system identifier");
    }

    [Fact]
    public async Task A_backup_older_than_the_limit_is_refused_with_its_age()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var later = new FakeTimeProvider(backup.Manifest!.StartedAt + TimeSpan.FromHours(3));
        var found = await new BackupVerifier(exam.Clients, later).VerifyAsync(
            backup.Path,
            await exam.IdentityAsync(),
            TwoHours,
            null,
            CancellationToken.None
        );
        var problem = Assert.Single(found.Problems);
        Assert.Equal("backups.too-old", problem.Code);
        Assert.Equal("3 h", problem.Arguments["age"]);
        Assert.Equal(BackupLevel.Taken, found.Level);
    }

    [Fact]
    public async Task A_backup_from_the_future_is_refused()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var earlier = new FakeTimeProvider(backup.Manifest!.StartedAt - TimeSpan.FromHours(1));
        var found = await new BackupVerifier(exam.Clients, earlier).VerifyAsync(
            backup.Path,
            await exam.IdentityAsync(),
            TwoHours,
            null,
            CancellationToken.None
        );
        Assert.Equal("backups.from-the-future", Assert.Single(found.Problems).Code);
    }

    [Fact]
    public async Task A_backup_of_a_newer_server_than_pg_restore_is_refused()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var old = new BackupVerifier(exam.Clients with { Major = 14 }, TimeProvider.System);
        var found = await old.VerifyAsync(
            backup.Path,
            await exam.IdentityAsync(),
            TwoHours,
            null,
            CancellationToken.None
        );
        Assert.Equal("backups.newer-server", Assert.Single(found.Problems).Code);
    }

    [Fact]
    public async Task Nothing_and_something_else_are_told_apart()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var text = Path.Combine(exam.Folder, "notes.txt");
        await File.WriteAllTextAsync(text, "no dump", CancellationToken.None);
        await AssertProblemAsync(exam, text, "backups.not-a-dump", text);
        await AssertProblemAsync(exam, exam.Folder, "backups.toc-missing", exam.Folder);
        var nothing = await VerifyAsync(exam, Path.Combine(exam.Folder, "nothing"));
        Assert.Null(nothing.Level);
        Assert.Equal("backups.missing", Assert.Single(nothing.Problems).Code);
    }

    [Theory]
    [InlineData("--format=custom")]
    [InlineData("--format=directory")]
    public async Task A_dump_that_somebody_else_took_is_read_to_its_end_and_is_no_more_than_taken_until_somebody_vouches(
        string format
    )
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var dump = await ForeignAsync(exam, format);

        var unvouched = await VerifyAsync(exam, dump);
        Assert.Equal("backups.unvouched", Assert.Single(unvouched.Problems).Code);
        Assert.Equal(BackupLevel.Taken, unvouched.Level);

        var asAccepted = await exam.Verifier.VerifyAsync(
            dump,
            await exam.IdentityAsync(),
            TwoHours,
            new RunBackup(dump, BackupLevel.Verified, null).Vouch(RunState.Empty),
            CancellationToken.None
        );
        Assert.Empty(asAccepted.Problems);
        Assert.Equal("backups.accepted", asAccepted.Notes[^1].Code);

        var found = await VerifyAsync(exam, dump, "kim");
        Assert.Empty(found.Problems);
        Assert.Equal(BackupLevel.Verified, found.Level);
        Assert.Equal(
            ["backups.no-manifest", "backups.zone-assumed", "backups.vouched"],
            found.Notes.Select(n => n.Code)
        );
        Assert.NotNull(found.TakenAt);
    }

    [Fact]
    public async Task A_backup_that_cannot_be_read_is_said_as_such_and_not_verified()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();

        // Held so that nobody else may open it, as an unreadable file is, also for root.
        await using var held = new FileStream(
            Path.Combine(backup.Dump, "toc.dat"),
            FileMode.Open,
            FileAccess.ReadWrite,
            FileShare.None
        );

        await AssertProblemAsync(exam, backup.Path, "backups.unreadable", backup.Path);
    }

    [Fact]
    public async Task A_cut_off_dump_that_somebody_else_took_is_found_although_its_list_is_whole()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var dump = await ForeignAsync(exam, "--format=custom");
        await using (var content = File.OpenWrite(dump))
        {
            content.SetLength(content.Length - 200);
        }

        await AssertProblemAsync(exam, dump, "backups.data-unreadable", dump);
    }

    [Fact]
    public async Task A_bit_flipped_in_the_data_of_a_dump_that_somebody_else_took_is_found()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var dump = await ForeignAsync(exam, "--format=directory");
        var file = Directory.GetFiles(dump, "*.dat.gz").MaxBy(f => new FileInfo(f).Length)!;
        var bytes = await File.ReadAllBytesAsync(file, CancellationToken.None);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, CancellationToken.None);
        await AssertProblemAsync(exam, dump, "backups.data-unreadable", dump);
    }

    [Fact]
    public async Task Two_data_files_that_were_exchanged_are_both_named()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await exam.Database.ExecuteAsync(
            "create table twin_a as select 'x' as n; create table twin_b as select 'y' as n"
        );
        var backup = await exam.TakeAsync(exam.Options with { Compress = new(CompressionMethod.None, null) });
        var twins = backup.Manifest!.Files.GroupBy(f => f.Size).Single(g => g.Count() == 2).ToList();
        var (one, other) = (Path.Combine(backup.Dump, twins[0].Path), Path.Combine(backup.Dump, twins[1].Path));
        File.Move(one, one + ".aside");
        File.Move(other, one);
        File.Move(one + ".aside", other);

        var found = await VerifyAsync(exam, backup.Path);

        Assert.Equal(["backups.file-changed", "backups.file-changed"], found.Problems.Select(p => p.Code));
        Assert.Equal(twins.Select(f => f.Path), found.Problems.Select(p => p.Arguments["file"]));
    }

    [Fact]
    public async Task A_dump_of_a_newer_server_that_somebody_else_took_is_refused()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var dump = await ForeignAsync(exam, "--format=directory");
        var toc = Path.Combine(dump, "toc.dat");

        // The first version in its header is the server's: as a server of the next major version would have it.
        var text = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(toc, CancellationToken.None));
        var at = text.IndexOf($"{exam.Clients.Major}.", StringComparison.Ordinal);
        text = text.Remove(at, 2).Insert(at, $"{exam.Clients.Major + 1}");
        await File.WriteAllBytesAsync(toc, Encoding.Latin1.GetBytes(text), CancellationToken.None);

        await AssertProblemAsync(exam, dump, "backups.newer-server", $"PostgreSQL {exam.Clients.Major + 1}");
    }

    [Fact]
    public async Task A_backup_that_this_user_may_not_read_is_said_as_such()
    {
        if (Environment.IsPrivilegedProcess)
        {
            await AsNobodyAsync(nameof(A_backup_that_this_user_may_not_read_is_said_as_such));
            return;
        }

        await using var exam = await ExamDatabase.CreateAsync(server);
        foreach (var which in (string[])["toc.dat", ".dat.gz"])
        {
            var backup = await exam.TakeAsync();
            File.SetUnixFileMode(FileOf(backup, which), UnixFileMode.None);
            await AssertProblemAsync(exam, backup.Path, "backups.unreadable", Path.GetFileName(FileOf(backup, which)));
        }
    }

    /// <summary>Root may read everything, so that another user runs the same test.</summary>
    private static async Task AsNobodyAsync(string test)
    {
        var ran = await UnprivilegedUser
            .Run(
                new ChildProgram(
                    "dotnet",
                    typeof(VerifyingTests).Assembly.Location,
                    "-noLogo",
                    "-method",
                    $"{typeof(VerifyingTests).FullName}.{test}"
                )
            )
            .RunAsync(CancellationToken.None);
        Assert.True(ran.Succeeded, ran.Output + ran.Errors);
        Assert.Contains("Total: 1,", ran.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_in_a_folder_with_another_name_is_the_same_backup()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var renamed = Path.Combine(exam.Folder, "somebody's name for it");
        Directory.Move(backup.Path, renamed);
        var found = await VerifyAsync(exam, renamed);
        Assert.Empty(found.Problems);
        Assert.Equal(backup.Manifest!.StartedAt, found.TakenAt);
        Assert.Null((await VerifyAsync(exam, backup.Path)).Level);
    }

    [Fact]
    public async Task A_plain_dump_is_no_more_than_taken_and_one_that_was_cut_off_is_not_even_accepted_as_that()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var dump = await ForeignAsync(exam, "--format=plain");

        var found = await VerifyAsync(exam, dump, "kim");

        Assert.Equal(BackupLevel.Taken, found.Level);
        Assert.Equal("backups.plain-text", found.Refusal(BackupLevel.Verified)!.Code);
        Assert.Null(found.Refusal(BackupLevel.Taken));
        Assert.NotNull(found.TakenAt);
        await using (var content = File.OpenWrite(dump))
        {
            content.SetLength(content.Length / 2);
        }

        Assert.Equal("backups.plain-cut", (await VerifyAsync(exam, dump, "kim")).Refusal(BackupLevel.Taken)!.Code);
    }

    [Fact]
    public async Task A_dump_that_is_too_old_is_not_accepted_as_taken_either()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var dump = await ForeignAsync(exam, "--format=custom");
        var later = new FakeTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(3));
        var found = await new BackupVerifier(exam.Clients, later).VerifyAsync(
            dump,
            await exam.IdentityAsync(),
            TwoHours,
            null,
            CancellationToken.None
        );
        Assert.Equal(["backups.too-old", "backups.unvouched"], found.Problems.Select(p => p.Code));
        Assert.Equal("backups.too-old", found.Refusal(BackupLevel.Taken)!.Code);
    }

    [Fact]
    public async Task Somebodys_dump_of_another_database_is_refused_whoever_vouches()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        await using var other = await ExamDatabase.CreateAsync(server);
        var found = await VerifyAsync(exam, await ForeignAsync(other, "--format=custom"), "kim");
        Assert.Equal("backups.other-database", Assert.Single(found.Problems).Code);
        Assert.Equal("backups.other-database", found.Refusal(BackupLevel.Taken)!.Code);
    }

    [Fact]
    public async Task A_damaged_manifest_is_not_taken_for_a_dump_without_one()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        await File.WriteAllTextAsync(Path.Combine(backup.Path, "manifest.json"), "{}", CancellationToken.None);
        await AssertProblemAsync(exam, backup.Path, "backups.manifest.broken", "manifest.json");
    }

    private static string FileOf(Backup backup, string ending) =>
        Directory.GetFiles(backup.Dump).Where(f => f.EndsWith(ending, StringComparison.Ordinal)).Order().First();

    private static async Task<string> ForeignAsync(ExamDatabase exam, string format)
    {
        var file = Path.Combine(exam.Folder, "theirs");
        (
            await new ChildProgram(
                exam.Clients.PgDump,
                [format, "--file=" + file],
                exam.Database.Target.LibpqEnvironment("somebody")
            ).RunAsync(CancellationToken.None)
        ).OrThrow();
        return file;
    }

    private static async Task<BackupVerification> VerifyAsync(ExamDatabase exam, string path, string? by = null) =>
        await exam.Verifier.VerifyAsync(
            path,
            await exam.IdentityAsync(),
            TwoHours,
            by is null ? null : Texts.Message.Of("backups.vouched", ("by", by)),
            CancellationToken.None
        );

    private static async Task AssertProblemAsync(ExamDatabase exam, string path, string code, string mentions)
    {
        var found = await VerifyAsync(exam, path);
        Assert.Contains(
            found.Problems,
            p => p.Code == code && p.ToString().Contains(mentions, StringComparison.Ordinal)
        );
        Assert.False(found.Passed);
    }
}
