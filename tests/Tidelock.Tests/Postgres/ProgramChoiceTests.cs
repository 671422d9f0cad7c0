using Tidelock.Backups;
using Tidelock.Postgres;
using Tidelock.Tests.Programs;
using Tidelock.Texts;

namespace Tidelock.Tests.Postgres;

/// <summary>Folders with programs that tell their version, as a machine has them where several PostgreSQL are installed.</summary>
public sealed class ProgramChoiceTests : IDisposable
{
    private static readonly string[] Clients = ["psql", "pg_dump", "pg_restore"];
    private static readonly string[] Servers = ["postgres", "initdb", "pg_ctl"];

    private readonly string root = Directory.CreateTempSubdirectory("tidelock-programs-").FullName;

    [Theory]
    [InlineData(14)]
    [InlineData(16)]
    [InlineData(18)]
    public async Task The_servers_own_version_goes_before_a_newer_one_to_dump_and_to_rehearse(int major)
    {
        var path = On("PATH", Folder(18), Folder(14), Folder(16), Folder(19));

        var clients = await ClientPrograms.FindAsync(path, major, CancellationToken.None);
        var servers = await ServerPrograms.FindAsync(path, major, CancellationToken.None);

        // A machine may have that version itself, in the distribution's folder.
        Assert.Equal(major, clients.Major);
        Assert.Equal(major, servers.Major);
    }

    [Theory]
    [InlineData(13, 16, true)]
    [InlineData(16, 16, true)]
    [InlineData(16, 17, false)]
    [InlineData(15, 18, false)]
    [InlineData(17, 18, true)]
    [InlineData(18, 17, false)]
    public async Task Programs_whose_dump_could_not_be_restored_are_refused_before_anything_is_dumped(
        int server,
        int client,
        bool serves
    )
    {
        var only = On("TIDELOCK_PG_BIN", Folder(client));
        var finding = ClientPrograms.FindAsync(only, server, CancellationToken.None);

        if (serves)
        {
            Assert.Equal(client, (await finding).Major);
            return;
        }

        var refused = await Assert.ThrowsAsync<TidelockException>(() => finding);
        Assert.Equal(ExitCode.Refused, refused.ExitCode);
        Assert.Equal(
            client > server ? "postgres.programs.client-too-new" : "postgres.programs.client-too-old",
            refused.Problem.Code
        );
        Assert.Contains($"postgresql-client-{server}", refused.Problem.ToString(), StringComparison.Ordinal);
        Assert.Contains(only["TIDELOCK_PG_BIN"], TextCatalog.English.Render(refused.Problem), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(15, 17, 17, 17)]
    [InlineData(14, 18, 18, 18)]
    [InlineData(15, 16, 15, 15)]
    [InlineData(15, 15, 17, null)]
    [InlineData(16, 18, 15, null)]
    public async Task A_schema_is_copied_by_programs_that_can_restore_into_where_the_copy_stands(
        int server,
        int copy,
        int client,
        int? chosen
    )
    {
        var finding = new BackupPrograms(On("TIDELOCK_PG_BIN", Folder(client))).BetweenAsync(
            server,
            copy,
            CancellationToken.None
        );

        if (chosen is not null)
        {
            Assert.Equal(chosen, (await finding).Major);
            return;
        }

        var refused = await Assert.ThrowsAsync<TidelockException>(() => finding);
        Assert.Equal(
            client > copy ? "postgres.programs.client-too-new" : "postgres.programs.client-too-old",
            refused.Problem.Code
        );
    }

    [Fact]
    public async Task A_dump_is_read_by_the_nearest_programs_that_can_though_nearer_ones_were_installed_since()
    {
        var dump = Path.Combine(root, "dump");
        var of16 = new BackupPrograms(On("PATH", Folder(16, "exit 0"), Folder(15, "exit 1"), Folder(14, "exit 0")));
        var ofNone = new BackupPrograms(On("PATH", Folder(13, "exit 1")));

        Assert.Equal(16, (await of16.ReadingAsync(dump, 15, CancellationToken.None)).Major);
        Assert.Equal(14, (await of16.ReadingAsync(dump, 14, CancellationToken.None)).Major);
        Assert.Equal(13, (await ofNone.ReadingAsync(dump, 13, CancellationToken.None)).Major);
    }

    [Fact]
    public void The_next_newer_one_stands_in_and_the_newest_where_no_server_is_meant_or_all_are_older()
    {
        (string, int)[] found = [("a", 18), ("b", 14), ("c", 16)];

        Assert.Equal(("c", 16), ProgramFolders.Closest(found, 15));
        Assert.Equal(("a", 18), ProgramFolders.Closest(found, 0));
        Assert.Equal(("a", 18), ProgramFolders.Closest(found, 19));
        Assert.Null(ProgramFolders.Closest([], 15));
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static Dictionary<string, string> On(string variable, params string[] folders) =>
        new(StringComparer.Ordinal) { [variable] = string.Join(':', folders) };

    /// <param name="major">What each tells.</param>
    /// <param name="list">What each does when it is asked for the list of a dump.</param>
    private string Folder(int major, string list = "exit 1")
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, $"{major}")).FullName;
        foreach (var name in Clients.Concat(Servers))
        {
            Script.Write(
                Path.Combine(folder, name),
                $"#!/bin/sh\n[ \"$1\" != --list ] || {list}\necho '{name} (PostgreSQL) {major}.3 (Debian {major}.3-1)'\n"
            );
        }

        return folder;
    }
}
