using Microsoft.Extensions.Time.Testing;
using Tidelock.Backups;
using Tidelock.Backups.PgBackRest;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>A real pgBackRest with a real repository of a real server.</summary>
public sealed class PgBackRestTests(PgBackRestTests.Stanza stanza, PostgresServer others)
    : IClassFixture<PgBackRestTests.Stanza>
{
    [Fact]
    public async Task A_backup_that_is_whole_with_all_its_log_files_is_verified()
    {
        var request = stanza.Request();

        var standing = await Source().LookAsync(request, default);
        var proof = await Source().ProveAsync(request, default);

        Assert.True(standing.Passed, standing.Finding.ToString());
        Assert.True(proof.Backup is not null, proof.Finding.ToString());
        Assert.Equal("backups.backrest.verified", proof.Finding.Code);
        Assert.Equal(BackupLevel.Verified, proof.Backup.Level);
        Assert.StartsWith(stanza.Full.Id, proof.Backup.Id, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_rehearsal_is_demanded_of_is_verified_first_and_told_as_no_more()
    {
        var request = stanza.Request();
        request = request with { Options = request.Options with { Proof = BackupLevel.Rehearsed } };

        var standing = await Source().LookAsync(request, default);
        var proof = await Source().ProveAsync(request, default);

        Assert.True(standing.Passed, standing.Finding.ToString());
        Assert.Contains("rehearsed", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal((BackupLevel.Verified, "backups.backrest.verified"), (proof.Backup!.Level, proof.Finding.Code));
        Assert.Equal((proof.Backup.Id, proof.Backup.At), (proof.Set!.Label, proof.Set.At));
        Assert.True(proof.Set.Size > 1 << 20);
    }

    [Fact]
    public async Task One_that_is_only_taken_is_called_so_and_nothing_of_it_was_read()
    {
        var (config, repository) = await stanza.Server.CopyAsync("only-taken");
        Damage(repository, "backup/lab/" + stanza.Full.Id);
        var request = stanza.Request(config);
        request = request with { Options = request.Options with { Proof = BackupLevel.Taken } };

        var proof = await Source().ProveAsync(request, default);

        Assert.Equal(("backups.backrest.is-taken", BackupLevel.Taken), (proof.Finding.Code, proof.Backup!.Level));
    }

    [Fact]
    public async Task One_that_is_too_old_does_not_count()
    {
        var late = new PgBackRestSource(
            new BackupPrograms(),
            new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddHours(3))
        );

        Assert.Equal("backups.too-old", (await late.LookAsync(stanza.Request(), default)).Finding.Code);
        Assert.Equal("backups.too-old", (await late.ProveAsync(stanza.Request(), default)).Finding.Code);
    }

    [Fact]
    public async Task A_stanza_of_another_server_is_refused_and_not_written_to()
    {
        var other = others.Cluster.TargetAs("postgres", "postgres");
        var request = stanza.Request(take: BackRestType.Incr) with
        {
            OpenAsync = stop => PostgresSession.OpenAsync(other, "test", stop),
        };

        var standing = await Source().LookAsync(request, default);
        var proof = await Source().ProveAsync(request, default);

        Assert.False(standing.Passed);
        Assert.Equal("backups.backrest.other-server", proof.Finding.Code);
        Assert.Null(proof.Backup);
        Assert.Empty(stanza.Recorded);
    }

    [Fact]
    public async Task A_stanza_or_a_program_that_is_not_there_is_told_as_that()
    {
        var request = stanza.Request();
        var options = request.Options.PgBackRest!;
        var nowhere = request with
        {
            Options = request.Options with { PgBackRest = options with { Stanza = "nowhere" } },
        };
        var noProgram = request with
        {
            Options = request.Options with { PgBackRest = options with { Program = ["pgbackrest-4711"] } },
        };

        var unknown = await Source().LookAsync(nowhere, default);
        var absent = await Source().LookAsync(noProgram, default);

        Assert.Equal(
            ("backups.backrest.unwell", "missing stanza path"),
            (unknown.Finding.Code, unknown.Finding.Arguments["words"])
        );
        Assert.Equal("programs.not-found", absent.Finding.Code);
        Assert.False(unknown.Passed || absent.Passed);
        Assert.Equal("programs.not-found", (await Source().ProveAsync(noProgram, default)).Finding.Code);
    }

    [Fact]
    public async Task A_log_file_that_was_deleted_from_the_archive_is_found_and_named()
    {
        var (config, repository) = await stanza.Server.CopyAsync("without-log");
        var archived = Directory
            .GetFiles(repository, "*.lz4", SearchOption.AllDirectories)
            .Where(f => f.Contains("/archive/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToList();
        var middle = archived[^2];
        File.Delete(middle);

        var proof = await Source().ProveAsync(stanza.Request(config), default);

        Assert.Null(proof.Backup);
        Assert.Equal("backups.backrest.log-missing", proof.Finding.Code);
        Assert.Equal(Path.GetFileName(middle).Split('-')[0], proof.Finding.Arguments["files"]);
    }

    [Fact]
    public async Task What_the_server_has_filled_and_does_not_archive_is_waited_for_and_then_missing()
    {
        var (config, _) = await stanza.Server.CopyAsync("behind");
        await stanza.Server.SwitchAsync();
        await stanza.Server.SwitchAsync();
        var time = new SkippingTime();

        var proof = await new PgBackRestSource(new BackupPrograms(), time).ProveAsync(stanza.Request(config), default);

        Assert.Equal("backups.backrest.log-behind", proof.Finding.Code);
        Assert.InRange(time.Skipped, TimeSpan.FromSeconds(58), TimeSpan.FromSeconds(62));
    }

    [Fact]
    public async Task A_flipped_bit_in_the_repository_is_found_although_pgbackrest_ends_well()
    {
        var (config, repository) = await stanza.Server.CopyAsync("flipped");
        Damage(repository, "backup/lab/" + stanza.Full.Id);

        var proof = await Source().ProveAsync(stanza.Request(config), default);

        Assert.Null(proof.Backup);
        Assert.Equal("backups.backrest.damaged", proof.Finding.Code);
        Assert.Contains(stanza.Full.Id, proof.Finding.Arguments["words"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BackRestType.Diff, "diff", "D")]
    [InlineData(BackRestType.Incr, "incr", "I")]
    public async Task The_run_takes_one_journals_it_before_it_is_proven_and_takes_none_again_after_a_crash(
        BackRestType type,
        string word,
        string end
    )
    {
        stanza.Recorded.Clear();
        var request = stanza.Request(take: type);

        var proof = await Source().ProveAsync(request, default);
        var again = await Source().ProveAsync(request with { Earlier = stanza.Recorded[0] }, default);

        Assert.True(proof.Backup is not null, proof.Finding.ToString());
        Assert.Equal(word, proof.Finding.Arguments["type"]);
        Assert.StartsWith(stanza.Full.Id, proof.Backup.Id, StringComparison.Ordinal);
        Assert.EndsWith(end, proof.Backup.Id, StringComparison.Ordinal);
        Assert.Equal(
            (proof.Backup.Id, BackupLevel.Taken),
            (Assert.Single(stanza.Recorded).Id, stanza.Recorded[0].Level)
        );
        Assert.Equal(proof.Backup.Id, again.Backup!.Id);
        stanza.Recorded.Clear();
        await stanza.SwitchAsync();
    }

    [Theory]
    [InlineData("info", 30, "backups.backrest.silent")]
    [InlineData("repo-ls", 30, "backups.backrest.silent")]
    [InlineData("backup", 7, "backups.backrest.take-late")]
    public async Task A_repository_that_hangs_holds_nothing_for_ever(string command, int seconds, string code)
    {
        var request = stanza.Request(take: command == "backup" ? BackRestType.Incr : null);
        var options = request.Options.PgBackRest!;
        string[] hanging = ["sh", "-c", $"case \"$*\" in *' {command}'*) sleep 600 ;; *) exec \"$@\" ;; esac", "hangs"];
        request = request with
        {
            Options = request.Options with
            {
                PgBackRest = options with
                {
                    Program = [.. hanging, .. options.Program],
                    Within = TimeSpan.FromSeconds(7),
                },
            },
        };

        var proof = await new PgBackRestSource(new BackupPrograms(), new SkippingTime(seconds)).ProveAsync(
            request,
            default
        );

        Assert.Null(proof.Backup);
        Assert.Equal(code, proof.Finding.Code);
    }

    [Fact]
    public async Task Pages_that_were_damaged_when_the_backup_was_taken_refuse_it()
    {
        await using var server = await BackRestServer.StartAsync();
        await server.DamagePageAsync();

        var proof = await Source().ProveAsync(Stanza.RequestOf(server, take: BackRestType.Full), default);

        Assert.Null(proof.Backup);
        Assert.Equal("backups.backrest.error", proof.Finding.Code);
    }

    private static PgBackRestSource Source() => new(new BackupPrograms(), TimeProvider.System);

    /// <summary>Flips one bit in the middle of the largest file there that is not the list of the others.</summary>
    private static void Damage(string repository, string under)
    {
        var file = Directory
            .GetFiles(Path.Combine(repository, under), "*", SearchOption.AllDirectories)
            .Where(f => !f.Contains("manifest", StringComparison.Ordinal))
            .MaxBy(f => new FileInfo(f).Length)!;
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        using var open = new FileStream(file, FileMode.Open, FileAccess.Write);
        open.Write(bytes);
    }

    /// <summary>A stanza with a full backup that the source itself has taken, and log files after it.</summary>
    public sealed class Stanza : IAsyncLifetime
    {
        public BackRestServer Server { get; private set; } = null!;

        public SourcedBackup Full { get; private set; } = null!;

        public List<SourcedBackup> Recorded { get; } = [];

        public async ValueTask InitializeAsync()
        {
            Server = await BackRestServer.StartAsync();
            var proof = await Source().ProveAsync(Request(take: BackRestType.Full), default);
            Full = proof.Backup ?? throw new InvalidOperationException(proof.Finding.ToString());
            Recorded.Clear();
            await SwitchAsync();
        }

        /// <summary>So that there are log files after the newest backup.</summary>
        public async Task SwitchAsync()
        {
            for (var file = 0; file < 3; file++)
            {
                await Server.SwitchAsync();
            }
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();

        internal BackupRequest Request(string? config = null, BackRestType? take = null) =>
            RequestOf(Server, config, take) with
            {
                RecordAsync = (backup, _) =>
                {
                    Recorded.Add(backup);
                    return Task.CompletedTask;
                },
            };

        internal static BackupRequest RequestOf(BackRestServer server, string? config = null, BackRestType? take = null)
        {
            var target = server.Cluster.TargetAs("postgres", "postgres");
            return new BackupRequest(
                new BackupOptions(BackupSource.PgBackRest, TimeSpan.FromHours(2))
                {
                    Proof = BackupLevel.Verified,
                    PgBackRest = new PgBackRestOptions(
                        BackRestServer.Stanza,
                        config ?? server.Config,
                        BackRestServer.Program,
                        take,
                        TimeSpan.FromMinutes(5)
                    ),
                },
                "/",
                target,
                "tidelock/01JDRUN/1",
                stop => PostgresSession.OpenAsync(target, "tidelock/01JDRUN/1", stop)
            );
        }
    }

    /// <summary>A clock that is ahead at once by as long as somebody waits before he looks again.</summary>
    private sealed class SkippingTime(int seconds = 2) : TimeProvider
    {
        private readonly TimeSpan look = TimeSpan.FromSeconds(seconds);
        private long skipped;

        public TimeSpan Skipped => new(Interlocked.Read(ref skipped));

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref skipped);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != look)
            {
                return base.CreateTimer(callback, state, dueTime, period);
            }

            Interlocked.Add(ref skipped, dueTime.Ticks);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
