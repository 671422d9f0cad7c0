using Npgsql;
using Tidelock.Backups;
using Tidelock.Backups.PgBackRest;
using Tidelock.Programs;
using Tidelock.Rehearsals;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>A change on the files of a whole server that a real pgBackRest restores.</summary>
public sealed class BackRestRehearsalTests(BackRestBench bench) : IClassFixture<BackRestBench>
{
    [Fact]
    public async Task The_whole_way_is_gone_on_the_restored_server_and_nothing_of_it_stays()
    {
        var before = await bench.Bench.Views.CatalogAsync();
        var files = bench.Server.Files();

        var record = await bench.RehearseAsync(
            bench.Set,
            "smoke:\n  - { name: all, sql: select count(*) from scores, value: \"300\" }\n"
        );

        DataBench.AssertWhole(record);
        Assert.True(record.Promised is { } promised && promised > TimeSpan.Zero && promised < record.WholeTook);
        Assert.Equal((bench.Set.Label, bench.Set.Id), (record.Path, record.ManifestDigest));
        Assert.EndsWith(bench.Set.Label, record.ManifestDigest, StringComparison.Ordinal);
        Assert.Equal("300", record.Parts[1].Finding.Arguments["rows"]);
        Assert.Equal("definition", record.Method);
        Assert.Equal(
            ["rehearsals.files.prepared", "rehearsals.files.to-the-end"],
            record.Notes.Select(n => n.Code).Order(StringComparer.Ordinal)
        );
        Assert.Equal(before, await bench.Bench.Views.CatalogAsync());
        Assert.Equal(files, bench.Server.Files());
        Assert.Empty(Directory.GetFileSystemEntries(bench.Place));
    }

    [Fact]
    public async Task Neither_the_servers_files_nor_the_configuration_of_pgbackrest_lead_out_of_the_copy()
    {
        var files = bench.Server.Files();
        await using var place = await PlaceAsync(bench.By(await bench.Server.HostileAsync()));

        var (took, problem) = await place.RestoreAsync(default);

        Assert.True(problem is null, problem?.ToString());
        Assert.True(took > TimeSpan.Zero);
        await using var copy = await place.SuperuserAsync(default);
        Assert.Equal(
            ["off", "", "", "64MB", "0", "off", ""],
            await copy.QueryAsync(
                """
                select current_setting(s) from unnest('{archive_mode, shared_preload_libraries, listen_addresses, shared_buffers,
                  max_logical_replication_workers, ssl, primary_conninfo}'::text[]) with ordinality n(s, at) order by at
                """,
                r => r.GetString(0),
                default
            )
        );
        Assert.Equal(
            "f 0 0 f 300",
            await copy.ScalarAsync<string>(
                """
                select concat_ws(' ', pg_is_in_recovery(), (select count(*) from pg_user_mappings), (select count(*) from pg_prepared_xacts),
                  (select bool_or(subenabled or subconninfo like '%elsewhere%') from pg_subscription), (select count(*) from public.results))
                """,
                default
            )
        );
        Assert.StartsWith(
            place.Folder,
            await copy.ScalarAsync<string>(
                "select pg_tablespace_location(oid) from pg_tablespace where spcname = 'beside'",
                default
            ),
            StringComparison.Ordinal
        );
        var outside = await Assert.ThrowsAsync<PostgresException>(() =>
            copy.ScalarAsync<string>("select text from public.outside", default)
        );
        Assert.Equal(PostgresErrorCodes.ObjectNotInPrerequisiteState, outside.SqlState);
        await using var clerk = await place.OpenAsync("clerk", default);
        Assert.Equal("5MB", await clerk.ScalarAsync<string>("show work_mem", default));
        Assert.False(bench.Server.HasElsewhere);
        Assert.Equal(files, bench.Server.Files());
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
            File.GetUnixFileMode(place.Folder)
        );
    }

    [Fact]
    public async Task A_backup_that_has_expired_meanwhile_is_told_in_pgbackrests_words()
    {
        var record = await bench.RehearseAsync(bench.Set with { Label = "20200101-000000F" });

        Assert.Equal(
            (RehearsalPart.Restore, "rehearsals.files.restore-failed"),
            (record.Failed!.Part, record.Failed.Finding.Code)
        );
        Assert.Contains("20200101-000000F is not valid", record.Failed.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(bench.Place));
    }

    [Theory]
    [InlineData("/backup/lab/", "rehearsals.files.restore-failed", "exit code 55")]
    [InlineData("/archive/lab/", "rehearsals.files.not-recovered", "could not locate required checkpoint record")]
    public async Task A_repository_that_lacks_files_is_no_rehearsal(string where, string code, string reason)
    {
        var (config, repository) = await bench.Server.CopyAsync("lacks" + where.Length);
        foreach (
            var file in Directory
                .GetFiles(repository, "*", SearchOption.AllDirectories)
                .Where(f =>
                    f.Contains(where, StringComparison.Ordinal) && !f.EndsWith(".copy", StringComparison.Ordinal)
                )
                .Where(f => !Path.GetFileName(f).Contains(".info", StringComparison.Ordinal))
                .Where(f => !f.Contains("manifest", StringComparison.Ordinal))
        )
        {
            File.Delete(file);
        }

        var record = await bench.RehearseAsync(bench.By(config));

        Assert.False(record.Passed);
        Assert.Null(record.Promised);
        Assert.Equal((RehearsalPart.Restore, code), (record.Failed!.Part, record.Failed.Finding.Code));
        Assert.Contains(reason, record.Failed.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(bench.Place));
    }

    [Theory]
    [InlineData(1L << 60, "rehearsals.files.no-room")]
    [InlineData(null, "rehearsals.files.size-unknown")]
    public async Task Without_room_for_it_nothing_is_restored(long? size, string code)
    {
        var record = await bench.RehearseAsync(bench.Set with { Size = size });

        Assert.Equal(code, Assert.Single(record.Parts).Finding.Code);
        Assert.False(record.Passed);
    }

    [Fact]
    public async Task A_way_back_that_restores_a_dump_is_refused()
    {
        var record = await bench.RehearseAsync(bench.Set, "rollback: { method: backup }\n");

        Assert.Equal("rehearsals.files.no-dump", Assert.Single(record.Parts).Finding.Code);
    }

    [Fact]
    public async Task Server_programs_of_another_version_are_none()
    {
        using var newer = new NewerPrograms(17);
        var programs = new BackupPrograms(newer.Variables);
        var source = new PgBackRestSource(programs, TimeProvider.System);

        var standing = await source.LookAsync(bench.Request(), default);
        var proof = await bench.ProveAsync(programs);

        Assert.False(standing.Passed);
        Assert.Equal("backups.backrest.other-major", standing.Finding.Code);
        Assert.Equal(("15", "17"), (standing.Finding.Arguments["needed"], standing.Finding.Arguments["have"]));
        Assert.Null(proof.Backup);
        Assert.Equal("backups.backrest.other-major", proof.Finding.Code);
    }

    [Fact]
    public async Task Whoever_still_restores_for_a_killed_rehearsal_is_ended_and_what_he_wrote_is_removed()
    {
        var left = Path.Combine(bench.Place, "tl-pg-left");
        UnprivilegedUser.CreateFolder(left);
        await File.WriteAllTextAsync(Path.Combine(left, ".lock"), Environment.MachineName);
        var started = new TaskCompletionSource<StartedChild>();
        var restoring = UnprivilegedUser.Run(
            new ChildProgram("sh", "-c", "sleep 600; :", "sh", $"--pg1-path={left}/data")
        ) with
        {
            OnStarted = child =>
            {
                started.SetResult(child);
                return Task.CompletedTask;
            },
        };
        var running = restoring.RunAsync(CancellationToken.None);
        var child = await started.Task;

        await using (var next = await PlaceAsync(bench.Set))
        {
            Assert.False(child.IsRunning);
            Assert.Equal([next.Folder], Directory.GetDirectories(bench.Place));
        }

        await running;
        Assert.Empty(Directory.GetFileSystemEntries(bench.Place));
    }

    private async Task<RecoveredPlace> PlaceAsync(BackRestSet set)
    {
        await using var target = await PostgresSession.OpenAsync(bench.Bench.Database.Target, "test", default);
        var (order, refusal) = await RecoveryOrder.ReadAsync(set, target, bench.Place, default);
        Assert.True(order is not null, refusal?.ToString());
        var programs = await new BackupPrograms().ServersAsync(15, default);
        return await RecoveredPlace.MakeAsync(
            programs,
            order,
            bench.Options.Rehearsal,
            listens: false,
            TimeProvider.System,
            default
        );
    }
}
