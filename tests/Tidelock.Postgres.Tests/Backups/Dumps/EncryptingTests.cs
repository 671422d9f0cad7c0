using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Backups.Dumps;

/// <summary>With the real <c>age</c> and <c>gpg</c>, and keys made for the test.</summary>
public sealed class EncryptingTests(PostgresServer server) : IAsyncLifetime
{
    private readonly string keys = Directory.CreateTempSubdirectory("tl-keys-").FullName;
    private readonly string scratch = Directory.CreateTempSubdirectory("tl-scratch-").FullName;

    [Theory]
    [InlineData(EncryptionTool.Age, ".age")]
    [InlineData(EncryptionTool.Gpg, ".gpg")]
    public async Task An_encrypted_backup_leaves_no_plain_file_and_is_verified_and_restored_with_its_key(
        EncryptionTool tool,
        string extension
    )
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var options = await OptionsAsync(exam, tool);
        var backup = await exam.TakeAsync(options);

        Assert.All(backup.Manifest!.Files, f => Assert.EndsWith(extension, f.Path, StringComparison.Ordinal));
        Assert.Equal(
            backup.Manifest.Files.Select(f => f.Path),
            Directory.GetFiles(backup.Dump).Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
        Assert.Equal([backup.Path], Directory.GetFileSystemEntries(exam.Folder));
        Assert.DoesNotContain(await AllAsync(backup.Dump), b => b.StartsWith("PGDMP", StringComparison.Ordinal));

        var verified = await VerifyAsync(exam, backup, options);
        Assert.Empty(verified.Problems);
        Assert.Empty(verified.Notes);
        Assert.Equal(BackupLevel.Verified, verified.Level);

        var (plain, problem) = await PlainDump.OpenAsync(backup, options, CancellationToken.None);
        Assert.Null(problem);
        using (plain)
        {
            await using var restored = await RestoredDump.OfAsync(exam, plain!.Backup.Dump);
            Assert.Equal(500, await restored.ScalarAsync<long>("select count(*) from exam_results"));
        }

        Assert.Empty(Directory.GetFileSystemEntries(scratch));
    }

    [Theory]
    [InlineData(EncryptionTool.Age)]
    [InlineData(EncryptionTool.Gpg)]
    public async Task Without_a_key_it_is_verified_by_its_checksums_and_said_not_to_have_been_opened(
        EncryptionTool tool
    )
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var options = await OptionsAsync(exam, tool);
        var backup = await exam.TakeAsync(options);
        var elsewhere = options with { Encrypt = options.Encrypt! with { Identity = null, Home = EmptyHome() } };

        var verified = await VerifyAsync(exam, backup, elsewhere);
        var (plain, problem) = await PlainDump.OpenAsync(backup, elsewhere, CancellationToken.None);

        Assert.Equal(BackupLevel.Verified, verified.Level);
        Assert.Equal("backups.encryption.unopened", Assert.Single(verified.Notes).Code);
        Assert.Null(plain);
        Assert.Equal("backups.encryption.no-identity", problem!.Code);
    }

    [Fact]
    public async Task A_wrong_or_missing_identity_is_not_taken_for_a_good_one_and_leaves_nothing_plain()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var options = await OptionsAsync(exam, EncryptionTool.Age);
        var backup = await exam.TakeAsync(options);
        var (other, _) = await AgeKeyAsync("other");
        foreach (var identity in (string[])[other, Path.Combine(keys, "nothing")])
        {
            var wrong = options with { Encrypt = options.Encrypt! with { Identity = identity } };

            var verified = await VerifyAsync(exam, backup, wrong);
            var (plain, problem) = await PlainDump.OpenAsync(backup, wrong, CancellationToken.None);

            Assert.Equal("backups.encryption.not-opened", Assert.Single(verified.Problems).Code);
            Assert.Equal(BackupLevel.Taken, verified.Level);
            Assert.Null(plain);
            Assert.Equal("backups.encryption.not-opened", problem!.Code);
            Assert.Contains("age", problem.ToString(), StringComparison.Ordinal);
            Assert.Empty(Directory.GetFileSystemEntries(scratch));
        }
    }

    [Theory]
    [InlineData(EncryptionTool.Age)]
    [InlineData(EncryptionTool.Gpg)]
    public async Task A_bit_flipped_in_the_cipher_is_found_by_the_checksum_and_by_the_program(EncryptionTool tool)
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var options = await OptionsAsync(exam, tool);
        var backup = await exam.TakeAsync(options);
        var file = Directory.GetFiles(backup.Dump, "*.dat.gz*").MaxBy(f => new FileInfo(f).Length)!;
        var bytes = await File.ReadAllBytesAsync(file, CancellationToken.None);
        bytes[^40] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, CancellationToken.None);

        var verified = await VerifyAsync(exam, backup, options);
        var (plain, problem) = await PlainDump.OpenAsync(backup, options, CancellationToken.None);

        Assert.Equal("backups.file-changed", Assert.Single(verified.Problems).Code);
        Assert.Null(plain);
        Assert.Equal("backups.encryption.not-opened", problem!.Code);
        Assert.Empty(Directory.GetFileSystemEntries(scratch));
    }

    [Theory]
    [InlineData(EncryptionTool.Age, "age1nobody")]
    [InlineData(EncryptionTool.Gpg, "nobody@example.org")]
    public async Task A_recipient_without_a_key_is_refused_before_anything_is_dumped(
        EncryptionTool tool,
        string recipient
    )
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var options = await OptionsAsync(exam, tool);
        var wrong = options with { Encrypt = options.Encrypt! with { Recipients = [recipient] } };
        var progressed = false;

        var taken = await exam.Taker.TakeAsync(
            exam.Database.Target,
            ExamDatabase.Run,
            wrong,
            null,
            _ => progressed = true,
            CancellationToken.None
        );

        Assert.Equal("backups.encryption.failed", taken.Finding.Code);
        Assert.False(progressed);
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    [Fact]
    public async Task What_a_killed_program_had_decrypted_is_removed_by_the_next()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var options = await OptionsAsync(exam, EncryptionTool.Age);
        var backup = await exam.TakeAsync(options);
        var left = Directory.CreateDirectory(Path.Combine(scratch, "tl-plain-dead")).FullName;
        await File.WriteAllTextAsync(Path.Combine(left, ".lock"), Environment.MachineName, CancellationToken.None);
        await File.WriteAllTextAsync(Path.Combine(left, "toc.dat"), "PGDMP", CancellationToken.None);

        await VerifyAsync(exam, backup, options);

        Assert.Empty(Directory.GetFileSystemEntries(scratch));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var home in Directory.GetDirectories(keys))
        {
            // gpg leaves a process behind for every home.
            await RunAsync("gpgconf", "--homedir", home, "--kill", "all");
        }

        Directory.Delete(keys, recursive: true);
        Directory.Delete(scratch, recursive: true);
    }

    private async Task<BackupOptions> OptionsAsync(ExamDatabase exam, EncryptionTool tool)
    {
        var options = exam.Options with { Rehearsal = exam.Options.Rehearsal with { Folder = scratch } };
        if (tool == EncryptionTool.Age)
        {
            var (identity, recipient) = await AgeKeyAsync("identity");
            return options with { Encrypt = new DumpEncryption(tool, [recipient], identity, null) };
        }

        const string name = "backups@example.org";
        var home = EmptyHome();
        await RunAsync(
            "gpg",
            "--homedir",
            home,
            "--batch",
            "--quiet",
            "--passphrase",
            "",
            "--quick-gen-key",
            name,
            "default",
            "default",
            "never"
        );
        return options with { Encrypt = new DumpEncryption(tool, [name], null, home) };
    }

    private string EmptyHome()
    {
        var home = Path.Combine(keys, Path.GetRandomFileName());
        Directory.CreateDirectory(home, HeldFolder.OwnerOnly);
        return home;
    }

    private Task<(string Identity, string Recipient)> AgeKeyAsync(string name) =>
        AgeKeys.MakeAsync(Path.Combine(keys, name));

    private static async Task RunAsync(string program, params string[] arguments) =>
        (await new ChildProgram(program, arguments).RunAsync(CancellationToken.None)).OrThrow();

    private static async Task<List<string>> AllAsync(string folder)
    {
        var all = new List<string>();
        foreach (var file in Directory.GetFiles(folder))
        {
            all.Add(System.Text.Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, CancellationToken.None)));
        }

        return all;
    }

    private static async Task<BackupVerification> VerifyAsync(
        ExamDatabase exam,
        Backup backup,
        BackupOptions options
    ) =>
        await new BackupVerifier(exam.Clients, TimeProvider.System) { Options = options }.VerifyAsync(
            backup.Path,
            await exam.IdentityAsync(),
            TimeSpan.FromHours(2),
            null,
            CancellationToken.None
        );
}
