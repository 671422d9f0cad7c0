using Microsoft.Extensions.Time.Testing;
using Tidelock.Backups;
using Tidelock.Backups.Commands;
using Tidelock.Postgres;
using Tidelock.Tests.House;
using Tidelock.Tests.Programs;
using Tidelock.Texts;

namespace Tidelock.Tests.Backups;

/// <summary>Real programs that tell of a managed service's backups.</summary>
public sealed class CommandSourceTests : IDisposable
{
    private const string Host = "seedtest-prod.c0ffee.eu-central-1.rds.amazonaws.com";
    private static readonly DateTimeOffset Start = new(2026, 11, 27, 1, 30, 0, TimeSpan.Zero);

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-command-").FullName;
    private readonly PatientTime time = new(Start);
    private readonly List<SourcedBackup> recorded = [];
    private readonly List<Message> reported = [];

    [Fact]
    public async Task The_programs_answer_is_taken_for_what_it_says_and_no_more()
    {
        var request = Request(Program("status", Answer("available")));

        var proof = await Source.ProveAsync(request, default);
        var standing = await Source.LookAsync(request, default);

        Assert.Equal("backups.command.verified", proof.Finding.Code);
        Assert.Equal(
            ("snap-1", BackupLevel.Verified, Start.AddMinutes(-20)),
            (proof.Backup!.Id, proof.Backup.Level, proof.Backup.At)
        );
        Assert.Contains("by the service's word", proof.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("whether it is encrypted is unknown", proof.Finding.ToString(), StringComparison.Ordinal);
        Assert.True(standing.Passed, standing.Finding.ToString());
    }

    [Fact]
    public async Task A_change_that_demands_a_rehearsal_is_refused_with_the_words_to_write()
    {
        var request = Request(Program("status", Answer("available")));
        request = request with { Options = request.Options with { Proof = BackupLevel.Rehearsed } };

        var standing = await Source.LookAsync(request, default);
        var proof = await Source.ProveAsync(request, default);

        Assert.False(standing.Passed);
        Assert.Null(proof.Backup);
        Assert.Equal(["backups.command.proof", "backups.command.proof"], [standing.Finding.Code, proof.Finding.Code]);
        Assert.Contains("proof: verified", proof.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_that_was_begun_is_journaled_and_asked_for_by_its_id_until_it_is_there()
    {
        var request = Request(
            Program(
                "status",
                $$"""
                echo "$TIDELOCK_BACKUP_ID" >> asked
                if [ "$(wc -l < asked)" -ge 3 ]; then {{Answer("available")}}; else {{Answer("creating")}}; fi
                """
            ),
            Program("take", $"echo \"$TIDELOCK_RUN\" >> taken; {Answer("creating")}")
        );

        var proof = await Source.ProveAsync(request, default);

        Assert.Equal("backups.command.verified", proof.Finding.Code);
        Assert.Equal(["snap-1", "snap-1", "snap-1"], await File.ReadAllLinesAsync(Path.Combine(folder, "asked")));
        Assert.Equal(["01JDRUN"], await File.ReadAllLinesAsync(Path.Combine(folder, "taken")));
        Assert.Equal(("snap-1", BackupLevel.Taken), (Assert.Single(recorded).Id, recorded[0].Level));
        Assert.Equal(TimeSpan.FromSeconds(45), time.GetUtcNow() - Start);
        Assert.All(reported, m => Assert.Equal("backups.command.waiting", m.Code));
    }

    [Fact]
    public async Task After_a_crash_the_backup_that_was_begun_is_waited_for_and_none_is_begun_again()
    {
        var request = Request(
            Program("status", Answer("available")),
            Program("take", $"touch taken-again; {Answer("creating")}")
        ) with
        {
            Earlier = new SourcedBackup(
                BackupSource.Command,
                "snap-1",
                BackupLevel.Taken,
                Start,
                TimeSpan.FromHours(2)
            ),
        };

        Assert.NotNull((await Source.ProveAsync(request, default)).Backup);
        Assert.False(File.Exists(Path.Combine(folder, "taken-again")));
    }

    [Fact]
    public async Task After_a_crash_another_backup_than_the_one_that_was_begun_does_not_count()
    {
        var request = Request(Program("status", Answer("available", "snap-of-yesterday")), ["./take"]) with
        {
            Earlier = new SourcedBackup(
                BackupSource.Command,
                "snap-1",
                BackupLevel.Taken,
                Start,
                TimeSpan.FromHours(2)
            ),
        };

        var proof = await Source.ProveAsync(request, default);

        Assert.Null(proof.Backup);
        Assert.Equal("backups.command.other-backup", proof.Finding.Code);
        Assert.Equal(
            ("snap-1", "snap-of-yesterday"),
            (proof.Finding.Arguments["backup"], proof.Finding.Arguments["told"])
        );
        Assert.Empty(recorded);
    }

    [Fact]
    public async Task A_backup_that_does_not_come_is_given_up()
    {
        var request = Request(Program("status", Answer("creating")), Program("take", Answer("creating")));

        var proof = await Source.ProveAsync(request, default);

        Assert.Null(proof.Backup);
        Assert.Equal("backups.command.late", proof.Finding.Code);
        Assert.Equal(TimeSpan.FromMinutes(30), time.GetUtcNow() - Start);
    }

    [Fact]
    public async Task An_answer_about_another_backup_than_the_one_that_was_asked_for_does_not_count()
    {
        var request = Request(
            Program("status", Answer("available", "snap-of-yesterday")),
            Program("take", Answer("creating"))
        );

        Assert.Equal("backups.command.other-backup", (await Source.ProveAsync(request, default)).Finding.Code);
    }

    [Fact]
    public async Task A_backup_that_fails_while_it_is_made_refuses_with_the_services_word()
    {
        var request = Request(Program("status", Answer("failed")), Program("take", Answer("creating")));

        var proof = await Source.ProveAsync(request, default);

        Assert.Equal(("backups.command.status", "failed"), (proof.Finding.Code, proof.Finding.Arguments["status"]));
    }

    [Fact]
    public async Task A_program_that_fails_or_is_not_there_or_says_too_much_refuses_with_what_is_known()
    {
        var failing = await Source.ProveAsync(Request(Program("status", "echo no credentials >&2; exit 3")), default);
        var absent = await Source.ProveAsync(Request(["./not-there"]), default);
        var endless = await Source.ProveAsync(Request(Program("status", "yes | head -c 200000")), default);

        Assert.Equal(("3", "no credentials"), (failing.Finding.Arguments["exit"], failing.Finding.Arguments["words"]));
        Assert.Equal("programs.not-found", absent.Finding.Code);
        Assert.Equal("backups.command.answer", endless.Finding.Code);
        Assert.All([failing, absent, endless], p => Assert.Null(p.Backup));
    }

    [Fact]
    public async Task The_example_for_RDS_takes_one_snapshot_a_run_and_waits_for_it()
    {
        StubAws();
        var script = Path.Combine(Repository.Root, "docs", "examples", "rds", "rds.sh");
        var request = Request(
            [Env, $"PATH={folder}:/usr/bin:/bin", script, "status"],
            [Env, $"PATH={folder}:/usr/bin:/bin", script, "take"]
        );

        var proof = await Source.ProveAsync(request, default);
        var again = await Source.ProveAsync(request, default);

        Assert.True(proof.Backup is not null, proof.Finding.ToString());
        Assert.Equal("tidelock-01jdrun", proof.Backup.Id);
        Assert.Equal("tidelock-01jdrun", again.Backup!.Id);
        Assert.Contains("up to 2026-11-27 01:25:00Z", proof.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("not encrypted", proof.Finding.ToString(), StringComparison.Ordinal);
        var calls = await File.ReadAllLinesAsync(Path.Combine(folder, "calls"));
        Assert.Single(calls, c => c.StartsWith("rds create-db-snapshot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_example_for_RDS_tells_of_the_newest_snapshot_of_the_instance_that_is_deployed_to()
    {
        StubAws();
        var script = Path.Combine(Repository.Root, "docs", "examples", "rds", "rds.sh");
        string[] status = [Env, $"PATH={folder}:/usr/bin:/bin", script, "status"];

        var there = await Source.LookAsync(Request(status), default);
        var elsewhere = await Source.LookAsync(Request(status, host: "seedtest-staging.example"), default);

        Assert.True(there.Passed, there.Finding.ToString());
        Assert.Equal("rds:seedtest-prod-2026-11-27-01-07", there.Finding.Arguments["backup"]);
        Assert.False(elsewhere.Passed);
        Assert.Contains("no instance", elsewhere.Finding.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("copy-of-old", "backups.too-old")]
    [InlineData("of-its-namesake", "backups.command.failed")]
    public async Task The_example_for_RDS_takes_no_copy_for_fresh_and_no_namesakes_snapshot_for_the_instances_own(
        string id,
        string code
    )
    {
        StubAws();
        var script = Path.Combine(Repository.Root, "docs", "examples", "rds", "rds.sh");
        string[] program = [Env, $"PATH={folder}:/usr/bin:/bin", script];
        var request = Request([.. program, "status"], [.. program, "take"]) with
        {
            Earlier = new SourcedBackup(BackupSource.Command, id, BackupLevel.Taken, Start, TimeSpan.FromHours(2)),
        };

        var proof = await Source.ProveAsync(request, default);

        Assert.Null(proof.Backup);
        Assert.Equal(code, proof.Finding.Code);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private const string Env = "/usr/bin/env";

    private CommandSource Source => new(time);

    private BackupRequest Request(
        IReadOnlyList<string> status,
        IReadOnlyList<string>? take = null,
        string host = Host
    ) =>
        new(
            new BackupOptions(BackupSource.Command, TimeSpan.FromHours(2))
            {
                Proof = BackupLevel.Verified,
                Command = new CommandBackupOptions(status, take, null, TimeSpan.FromMinutes(30)),
            },
            folder,
            PostgresTarget.Parse(
                $"host={host} user=seedtest dbname=seedtest",
                new Dictionary<string, string>(StringComparer.Ordinal)
            ),
            "tidelock/01JDRUN/1",
            _ => throw new InvalidOperationException("The database is not asked.")
        )
        {
            Run = "01JDRUN",
            RecordAsync = (backup, _) =>
            {
                recorded.Add(backup);
                return Task.CompletedTask;
            },
            Report = reported.Add,
        };

    private string[] Program(string name, string script)
    {
        Script.Write(Path.Combine(folder, name), $"#!/bin/sh\n{script}\n");
        return ["./" + name];
    }

    private static string Answer(string status, string id = "snap-1") =>
        $$"""echo '{"id":"{{id}}","status":"{{status}}","createdAt":"2026-11-27T01:10:00Z","database":"seedtest-prod","host":"{{Host}}"}'""";

    /// <summary>
    /// A program <c>aws</c> that answers as AWS documents it: all fields, of several instances and snapshots; a snapshot that was just
    /// created has no time yet, and is available when it is asked for the second time.
    /// </summary>
    private void StubAws() =>
        Program(
            "aws",
            $$"""
            echo "$*" >> {{folder}}/calls
            snapshot() {
                printf '{"DBSnapshotIdentifier": "%s", "DBInstanceIdentifier": "seedtest-prod", %s "Engine": "postgres", "AllocatedStorage": 20, "Status": "%s", "Port": 5432, "AvailabilityZone": "eu-central-1a", "VpcId": "vpc-6594f31c", "InstanceCreateTime": "2018-02-08T22:24:55.973Z", "MasterUsername": "seedtest", "EngineVersion": "15.4", "LicenseModel": "postgresql-license", "SnapshotType": "%s", "OptionGroupName": "default:postgres-15", "PercentProgress": 100, "StorageType": "gp2", "Encrypted": false, "DBSnapshotArn": "arn:aws:rds:eu-central-1:123456789012:snapshot:%s", "IAMDatabaseAuthenticationEnabled": false, "ProcessorFeatures": [], "DbiResourceId": "%s"}' "$1" "$2" "$3" "$4" "$1" "${5:-db-AKIAIOSFODNN7EXAMPLE}"
            }
            case "$*" in
            "rds describe-db-instances --output json")
                echo '{"DBInstances": [
                  {"DBInstanceIdentifier": "other", "Engine": "postgres", "DBInstanceStatus": "available", "Endpoint": {"Address": "other.c0ffee.eu-central-1.rds.amazonaws.com", "Port": 5432, "HostedZoneId": "Z1RLNUO7B9Q6NB"}, "LatestRestorableTime": "2026-11-27T00:00:00+00:00"},
                  {"DBInstanceIdentifier": "still-made", "Engine": "postgres", "DBInstanceStatus": "creating"},
                  {"DBInstanceIdentifier": "seedtest-prod", "DbiResourceId": "db-AKIAIOSFODNN7EXAMPLE", "Engine": "postgres", "DBInstanceStatus": "available", "Endpoint": {"Address": "{{Host}}", "Port": 5432, "HostedZoneId": "Z1RLNUO7B9Q6NB"}, "LatestRestorableTime": "2026-11-27T01:25:00+00:00"}]}' ;;
            "rds describe-db-snapshots --db-instance-identifier seedtest-prod --output json")
                printf '{"DBSnapshots": [%s, %s, %s, %s, %s]}' "$(snapshot copy-of-old '"SnapshotCreateTime": "2026-11-27T01:20:00.000Z", "OriginalSnapshotCreateTime": "2026-11-20T01:07:41.598Z",' available manual)" \
                    "$(snapshot of-its-namesake '"SnapshotCreateTime": "2026-11-27T01:19:00.000Z",' available manual db-DELETED)" "$(snapshot rds:seedtest-prod-2026-11-26-01-07 '"SnapshotCreateTime": "2026-11-26T01:07:41.598Z",' available automated)" \
                    "$(snapshot rds:seedtest-prod-2026-11-27-01-07 '"SnapshotCreateTime": "2026-11-27T01:07:41.598Z",' available automated)" "$(snapshot just-begun '' creating manual)" ;;
            "rds create-db-snapshot --db-instance-identifier seedtest-prod --db-snapshot-identifier tidelock-01jdrun --output json")
                touch {{folder}}/created; printf '{"DBSnapshot": %s}' "$(snapshot tidelock-01jdrun '' creating manual)" ;;
            "rds describe-db-snapshots --db-snapshot-identifier tidelock-01jdrun --output json")
                if [ ! -e {{folder}}/created ]; then
                    echo 'An error occurred (DBSnapshotNotFound) when calling the DescribeDBSnapshots operation: DBSnapshot not found: tidelock-01jdrun' >&2; exit 254
                elif [ ! -e {{folder}}/seen ]; then
                    touch {{folder}}/seen; printf '{"DBSnapshots": [%s]}' "$(snapshot tidelock-01jdrun '' creating manual)"
                else
                    printf '{"DBSnapshots": [%s]}' "$(snapshot tidelock-01jdrun '"SnapshotCreateTime": "2026-11-27T01:30:10.123Z",' available manual)"
                fi ;;
            "rds describe-db-snapshots --db-snapshot-identifier copy-of-old --output json")
                printf '{"DBSnapshots": [%s]}' "$(snapshot copy-of-old '"SnapshotCreateTime": "2026-11-27T01:20:00.000Z", "OriginalSnapshotCreateTime": "2026-11-20T01:07:41.598Z",' available manual)" ;;
            "rds describe-db-snapshots --db-snapshot-identifier of-its-namesake --output json")
                printf '{"DBSnapshots": [%s]}' "$(snapshot of-its-namesake '"SnapshotCreateTime": "2026-11-27T01:19:00.000Z",' available manual db-DELETED)" ;;
            *) echo "aws: error: argument operation: $*" >&2; exit 252 ;;
            esac
            """
        );

    /// <summary>A clock that is ahead at once by as long as somebody waits to ask again; limits of programs never end.</summary>
    private sealed class PatientTime(DateTimeOffset start) : FakeTimeProvider(start)
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime != CommandSource.AskEvery)
            {
                return base.CreateTimer(callback, state, dueTime, period);
            }

            Advance(dueTime);
            return System.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
