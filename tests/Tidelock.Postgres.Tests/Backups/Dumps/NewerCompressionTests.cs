using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups.Dumps;

/// <summary>How pg_dump packs from 16 on where it was built to: that of 18, on a server of 18.</summary>
public sealed class NewerCompressionTests(PostgresServer server)
{
    [Theory]
    [InlineData(CompressionMethod.Zstd, 3, "zstd:3", ".dat.zst")]
    [InlineData(CompressionMethod.Zstd, null, "zstd", ".dat.zst")]
    [InlineData(CompressionMethod.Lz4, 1, "lz4:1", ".dat.lz4")]
    public async Task A_dump_that_is_packed_otherwise_than_by_gzip_is_verified_and_all_of_it_comes_back(
        CompressionMethod method,
        int? level,
        string name,
        string ending
    )
    {
        await using var exam = await ExamAsync();

        var backup = await exam.TakeAsync(exam.Options with { Compress = new(method, level) });

        Assert.Equal(name, backup.Manifest!.Compression);
        Assert.All(
            backup.Manifest.Files.Where(f => f.Path != "toc.dat"),
            f => Assert.EndsWith(ending, f.Path, StringComparison.Ordinal)
        );
        var found = await exam.Verifier.VerifyAsync(
            backup.Path,
            await exam.IdentityAsync(),
            TimeSpan.FromHours(2),
            null,
            CancellationToken.None
        );
        Assert.Equal((0, BackupLevel.Verified), (found.Problems.Count, found.Level));
        await using var restored = await RestoredDump.OfAsync(exam, backup.Dump);
        const string rows = "select r::text from exam_results r order by id";
        Assert.Equal(await exam.Database.RowsAsync(rows), await restored.RowsAsync(rows));
    }

    [Fact]
    public async Task Where_the_change_says_nothing_it_is_packed_by_zstd()
    {
        await using var exam = await ExamAsync();
        Assert.Equal("zstd:1", (await exam.TakeAsync()).Manifest!.Compression);
    }

    [Fact]
    public async Task A_level_that_the_method_does_not_have_is_refused_with_the_programs_words_before_anything_is_written()
    {
        await using var exam = await ExamAsync();

        var taken = await exam.Taker.TakeAsync(
            exam.Database.Target,
            ExamDatabase.Run,
            exam.Options with
            {
                Compress = new(CompressionMethod.Zstd, 99),
            },
            null,
            _ => { },
            CancellationToken.None
        );

        Assert.Equal("backups.compress.failed", taken.Finding.Code);
        Assert.Contains(
            "invalid compression specification",
            taken.Finding.Arguments["words"],
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.GetFileSystemEntries(exam.Folder));
    }

    private async Task<ExamDatabase> ExamAsync() =>
        await ExamDatabase.CreateAsync(await server.CreateDatabaseAsync(18), MajorFolders.Clients);
}
