using System.Diagnostics;
using Tidelock.Backups;
using Tidelock.Backups.Restoring;
using Tidelock.Postgres.Tests.Backups;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>Where a backup is restored for proof, and what may go wrong there.</summary>
public sealed class RestoredPlaceTests(PostgresServer server)
{
    private const string Small = """
        create table public.results (id int primary key, name text not null);
        insert into public.results select n, repeat('n', 50) || n from generate_series(1, 1000) n;
        create view public.scores as select id, name from public.results;
        """;

    private const string Declared = "migration:\n  view: { name: public.scores, definition: new.sql }\n";

    private const string New = "select id::bigint as id, name from public.results";

    [Fact]
    public async Task The_login_of_the_target_restores_where_it_can_and_else_it_is_said_that_it_cannot()
    {
        await using var data = await SmallAsync();
        await data.Bench.Database.ExecuteAsync(
            """
            do $$ begin create role rehearsal_login login; exception when duplicate_object or unique_violation then null; end $$;
            do $$ begin create role rehearsal_owner nologin; exception when duplicate_object or unique_violation then null; end $$;
            grant all on results, scores to rehearsal_login;
            alter schema public owner to rehearsal_login;
            """
        );
        await data.Bench.Database.ExecuteAsync(
            $"alter database {data.Bench.Database.Name} owner to rehearsal_login; alter table results owner to rehearsal_login; alter view scores owner to rehearsal_login"
        );
        var record = await data.RehearseAsync(role: "rehearsal_login");
        DataBench.AssertWhole(record);
        Assert.Empty(record.Notes);
        Assert.Contains("as rehearsal_login", record.Parts[0].Finding.ToString(), StringComparison.Ordinal);

        await data.Bench.Database.ExecuteAsync(
            "create table other as select 1 as n; alter table other owner to rehearsal_owner"
        );
        record = await data.RehearseAsync(role: "rehearsal_login");
        DataBench.AssertWhole(record);
        Assert.Contains("as postgres", record.Parts[0].Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal("rehearsals.data.login-cannot", Assert.Single(record.Notes).Code);

        data.Bench.Declaring(Declared + "rollback: { method: backup }");
        record = await data.RehearseAsync(role: "rehearsal_login");
        Assert.Equal("rehearsals.data.login-cannot", record.Failed!.Finding.Code);
    }

    [Fact]
    public async Task Damaged_data_and_other_rows_than_the_manifests_do_not_pass_and_the_server_is_gone()
    {
        await using var data = await SmallAsync();
        var backup = await data.TakeAsync();
        var tables = backup.Manifest!.Tables.Select(t => t with { Rows = t.Rows + 1 }).ToList();

        var record = await data.RehearseAsync(backup with { Manifest = backup.Manifest with { Tables = tables } });

        Assert.Equal(RehearsalPart.Counts, record.Failed!.Part);
        Assert.Equal("backups.rehearsal.rows", record.Failed.Finding.Code);

        foreach (var file in Directory.GetFiles(backup.Dump).Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            await File.WriteAllTextAsync(file, "damaged", CancellationToken.None);
        }

        record = await data.RehearseAsync(backup);
        Assert.Equal(RehearsalPart.Restore, record.Failed!.Part);
        Assert.Equal("backups.rehearsal.restore-failed", record.Failed.Finding.Code);
        Assert.Empty(Directory.GetFileSystemEntries(data.Place));
        Assert.Null(Backup.Open(backup.Path).Rehearsal());
    }

    [Fact]
    public async Task A_disk_that_is_too_small_is_told_before_anything_is_restored()
    {
        await using var data = await SmallAsync();
        using var disk = SmallDisk.Mount(data.Place, "40m");

        var record = await data.RehearseAsync();

        Assert.Equal("rehearsals.data.no-room", record.Failed!.Finding.Code);
        var text = record.Failed.Finding.ToString();
        Assert.Contains(data.Place, text, StringComparison.Ordinal);
        Assert.Contains("gates.backup.rehearse.folder", text, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(data.Place));
    }

    [Fact]
    public async Task A_disk_that_fills_up_while_the_backup_is_restored_is_told_as_that()
    {
        await using var data = await SmallAsync();
        var full = data.Place + ".full";
        await data.Bench.Database.ExecuteAsync(
            $"""
            create table large as select n, repeat(md5(n::text), 20) as t from generate_series(1, 120000) n;
            create function on_a_full_disk(n int) returns int language plpgsql immutable as $$ begin
              while n = 1 and current_setting('port') <> '{server.Cluster.Port}' and (pg_stat_file('{full}', true)).size is null
              loop perform pg_sleep(0.01); end loop; return n; end $$;
            create index on large (on_a_full_disk(n));
            analyze
            """
        );
        using var disk = SmallDisk.Mount(data.Place, "600m");
        using var ended = new CancellationTokenSource();
        var filling = FillWhenRestoringAsync(data.Folder, disk, full, ended.Token);

        var record = await data.RehearseAsync();

        await ended.CancelAsync();
        Assert.True(await filling);
        File.Delete(full);
        Assert.Equal("rehearsals.data.disk-full", record.Failed!.Finding.Code);
        Assert.Equal(RehearsalPart.Restore, record.Failed.Part);
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_is_told_with_its_last_words_and_its_folder_is_gone()
    {
        await using var data = await SmallAsync();
        var killed = 0;
        data.Begins = part => killed += part == RehearsalPart.Migrate ? Kill(data.Place) : 0;

        var record = await data.RehearseAsync();

        Assert.True(killed > 0);
        Assert.False(record.Passed);
        Assert.Equal(RehearsalPart.Migrate, record.Failed!.Part);
        Assert.Empty(Directory.GetFileSystemEntries(data.Place));
    }

    [Fact]
    public async Task What_takes_longer_than_it_may_is_ended_and_told()
    {
        await using var data = await SmallAsync();
        data.Bench.Declaring(Declared + "gates: { backup: { rehearse: { within: 1s } } }");
        await data.Bench.Database.ExecuteAsync("create table large as select n from generate_series(1, 3000000) n");

        var record = await data.RehearseAsync();

        Assert.Equal("rehearsals.data.timeout", record.Failed!.Finding.Code);
        Assert.Empty(Directory.GetFileSystemEntries(data.Place));
    }

    [Fact]
    public async Task An_ICU_locale_orders_the_copy_as_it_orders_the_database()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            $"create database {database.Name}_icu template template0 locale_provider icu icu_locale 'und-u-kn-true' lc_collate 'C' lc_ctype 'C'"
        );
        await using var session = await PostgresSession.OpenAsync(
            database.Target.WithDatabase(database.Name + "_icu"),
            "test",
            CancellationToken.None
        );
        var source = await SourceSettings.ReadAsync(session, CancellationToken.None);
        var name = database.Name + "_copy";

        var note = await CopyDatabase.CreateAsync(session, name, source with { Roles = [] }, CancellationToken.None);

        Assert.Null(note);
        Assert.Equal(("i", "und-u-kn-true"), (source.Provider, source.Locale));
        await using (
            var copy = await PostgresSession.OpenAsync(
                database.Target.WithDatabase(name),
                "test",
                CancellationToken.None
            )
        )
        {
            var order = await copy.QueryAsync(
                "select t from unnest(array['a10', 'a9']) t order by t",
                r => r.GetString(0),
                CancellationToken.None
            );
            Assert.Equal(["a9", "a10"], order);
            Assert.Equal(source.Provider, (await SourceSettings.ReadAsync(copy, CancellationToken.None)).Provider);
        }

        await database.ExecuteAsync($"drop database {name} with (force)");
        await session.DisposeAsync();
        await database.ExecuteAsync($"drop database {database.Name}_icu with (force)");
    }

    private async Task<DataBench> SmallAsync()
    {
        var data = await DataBench.CreateAsync(server, Small);
        data.Bench.Declaring(Declared).With("new.sql", New);
        return data;
    }

    /// <summary>Kills the server that lies there, and returns when the last of its processes has noticed it.</summary>
    private static int Kill(string place)
    {
        var killed = Polling.Kill("postgres", place);
        for (var since = TimeProvider.System.GetTimestamp(); LiesThere(place); )
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since).TotalSeconds < 60, "the server's processes stay");
        }

        return killed;
    }

    private static bool LiesThere(string place) =>
        Process
            .GetProcessesByName("postgres")
            .Any(p => FolderOf(p.Id)?.StartsWith(place, StringComparison.Ordinal) is true);

    private static string? FolderOf(int pid)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{pid}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is gone.
            return null;
        }
    }

    /// <summary>Once pg_restore reads a backup of this folder, and says so in a file; false where it never did.</summary>
    private static async Task<bool> FillWhenRestoringAsync(
        string backups,
        SmallDisk disk,
        string full,
        CancellationToken ended
    )
    {
        while (!ended.IsCancellationRequested)
        {
            if (Process.GetProcessesByName("pg_restore").Any(p => IsRestoring(p.Id, backups)))
            {
                disk.Fill();
                await File.WriteAllTextAsync(full, "", CancellationToken.None);
                await FillAsync(disk, ended);
                return true;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(2), TimeProvider.System, CancellationToken.None);
        }

        return false;
    }

    /// <summary>Also takes what the failed restore gives back.</summary>
    private static async Task FillAsync(SmallDisk disk, CancellationToken ended)
    {
        for (var n = 0; !ended.IsCancellationRequested; n++)
        {
            disk.Fill($"filler-{n}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    private static bool IsRestoring(int pid, string backups)
    {
        try
        {
            var arguments = File.ReadAllText($"/proc/{pid}/cmdline");
            return arguments.Contains("--jobs", StringComparison.Ordinal)
                && arguments.Contains(backups, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
