using Tidelock.Backups;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Backups;

public sealed class RehearsingTests(PostgresServer server)
{
    [Fact]
    public async Task A_restored_backup_is_counted_and_queried_and_its_proof_is_kept()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        long? attempts = null;
        string? reader = null;
        var outcome = await RehearseAsync(
            exam,
            backup,
            async (copy, cancellation) =>
            {
                attempts = await copy.ScalarAsync<long>("select count(*) from public.attempt", cancellation);
                reader = await copy.ScalarAsync<string>(
                    "select grantee::text from information_schema.role_table_grants where table_name = 'attempt' and grantee = 'reporting'",
                    cancellation
                );
                return null;
            }
        );
        Assert.Null(outcome.Problem);
        Assert.Equal(1000, attempts);
        Assert.Equal("reporting", reader);
        Assert.Equal(2, outcome.Record!.TablesCompared);
        Assert.True(outcome.Record.RestoreTook > TimeSpan.Zero);
        var found = await exam.Verifier.VerifyAsync(
            backup.Path,
            await exam.IdentityAsync(),
            TimeSpan.FromHours(2),
            null,
            CancellationToken.None
        );
        Assert.Equal(BackupLevel.Rehearsed, found.Level);
        Assert.Equal(outcome.Record, found.Rehearsal);
    }

    [Fact]
    public async Task A_probe_that_fails_leaves_the_backup_unproven()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var outcome = await RehearseAsync(
            exam,
            backup,
            async (copy, cancellation) =>
            {
                await copy.ExecuteAsync("select * from public.no_such_view", cancellation);
                return null;
            }
        );
        Assert.Equal("backups.rehearsal.probe-failed", outcome.Problem!.Code);
        Assert.Null(Backup.Open(backup.Path).Rehearsal());
    }

    [Fact]
    public async Task A_dump_with_other_rows_than_its_manifest_is_not_proven()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        var tables = backup.Manifest!.Tables.Select(t => t with { Rows = t.Rows + 1 }).ToList();
        var outcome = await RehearseAsync(
            exam,
            backup with
            {
                Manifest = backup.Manifest with { Tables = tables },
            },
            (_, _) => Task.FromResult<Message?>(null)
        );
        Assert.Equal("backups.rehearsal.rows", outcome.Problem!.Code);
    }

    [Fact]
    public async Task Damaged_data_do_not_pass_and_the_cluster_is_gone_afterwards()
    {
        await using var exam = await ExamDatabase.CreateAsync(server);
        var backup = await exam.TakeAsync();
        foreach (var file in Directory.GetFiles(backup.Dump, "*.dat.gz"))
        {
            await File.WriteAllTextAsync(file, "damaged", CancellationToken.None);
        }

        var before = Clusters();
        var outcome = await RehearseAsync(exam, backup, (_, _) => Task.FromResult<Message?>(null));
        Assert.Equal("backups.rehearsal.restore-failed", outcome.Problem!.Code);
        Assert.DoesNotContain(Clusters().Except(before, StringComparer.Ordinal), HoldsTheCopy);
    }

    private static string[] Clusters() => Directory.GetDirectories(Path.GetTempPath(), "tl-*");

    private static bool HoldsTheCopy(string folder) =>
        File.Exists(Path.Combine(folder, "log"))
        && File.ReadAllText(Path.Combine(folder, "log")).Contains("tidelock_rehearsal", StringComparison.Ordinal);

    private static async Task<RehearsalOutcome> RehearseAsync(
        ExamDatabase exam,
        Backup backup,
        Func<PostgresSession, CancellationToken, Task<Message?>> probe
    )
    {
        await using var session = await exam.OpenAsync();
        var source = await SourceSettings.ReadAsync(session, CancellationToken.None);
        return await exam.Rehearsal.RehearseAsync(backup, source, probe, CancellationToken.None);
    }
}
