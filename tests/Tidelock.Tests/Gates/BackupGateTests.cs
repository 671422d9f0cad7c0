using Tidelock.Gates;

namespace Tidelock.Tests.Gates;

public sealed class BackupGateTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-dump-").FullName;

    [Theory]
    [InlineData("proof: taken", "taken (it exists)")]
    [InlineData("rehearse: false", "verified (whole")]
    public async Task What_the_run_takes_itself_needs_nobodys_word_and_the_level_that_is_demanded_is_named(
        string key,
        string level
    )
    {
        await using var bench = await GateBench.CreateAsync($"backup: {{ {key}, encrypt: {{ age: [age1x] }} }}");

        var standing = await bench.StandingAsync(new BackupGate());

        Assert.True(standing.Passed);
        Assert.Equal("gates.backup.by-run-encrypted", standing.Finding.Code);
        Assert.Contains(level, standing.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_can_tell_whether_the_dump_leaves_the_databases_machine_the_gate_is_not_passed()
    {
        await using var bench = await GateBench.CreateAsync("backup: { by: pg_dump }");

        var standing = await bench.StandingAsync(new BackupGate());

        Assert.True(standing.Refuses);
        Assert.StartsWith("postgres.connect", standing.Finding.Code, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_dump_passes_with_a_warning_where_no_more_than_taken_is_demanded_and_never_when_it_was_cut_off()
    {
        var file = Path.Combine(folder, "theirs.sql");
        const string begin = "--\n-- PostgreSQL database dump\n--\ncreate table t (n int);\n";
        await File.WriteAllTextAsync(
            file,
            begin + "--\n-- PostgreSQL database dump complete\n--\n",
            CancellationToken.None
        );
        await using var more = await GateBench.CreateAsync(Named(file));
        await using var taken = await GateBench.CreateAsync($"backup: {{ by: file, file: {file}, proof: taken }}");

        var refused = await more.StandingAsync(new BackupGate());
        Assert.True(refused.Refuses);
        Assert.Equal("gates.backup.plain-refused", refused.Finding.Code);
        var passed = await taken.StandingAsync(new BackupGate());
        Assert.True(passed.Passed);
        Assert.Contains("WARNING", passed.Finding.ToString(), StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, begin, CancellationToken.None);
        Assert.Contains(
            "cut off",
            (await taken.StandingAsync(new BackupGate())).Finding.ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_dump_that_does_not_tell_its_server_needs_a_person_who_vouches_for_it()
    {
        await using var bench = await GateBench.CreateAsync(Named(Dump()));

        var silent = await bench.StandingAsync(new BackupGate());
        Assert.True(silent.Refuses);
        Assert.Equal("gates.backup.origin", silent.Finding.Code);

        await bench.SayAsync("backup", "kim", note: "dumped on db-1");
        var vouched = await bench.StandingAsync(new BackupGate());
        Assert.True(vouched.Passed);
        Assert.Equal(("gates.backup.vouched", "kim"), (vouched.Finding.Code, vouched.By));

        bench.Time.Advance(TimeSpan.FromHours(27));
        Assert.True((await bench.StandingAsync(new BackupGate())).Refuses);
    }

    [Fact]
    public async Task A_dump_that_is_not_there_or_whose_manifest_is_broken_refuses_whoever_vouches()
    {
        await using var missing = await GateBench.CreateAsync(Named(Path.Combine(folder, "nothing")));
        await missing.SayAsync("backup", "kim");
        Assert.Equal("gates.backup.missing", (await missing.StandingAsync(new BackupGate())).Finding.Code);

        await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), "{}", CancellationToken.None);
        await using var broken = await GateBench.CreateAsync(Named(folder));
        await broken.SayAsync("backup", "kim");
        var standing = await broken.StandingAsync(new BackupGate());
        Assert.True(standing.Refuses);
        Assert.Equal("backups.manifest.broken", standing.Finding.Code);
    }

    [Fact]
    public async Task A_managed_backup_is_a_persons_word_and_grows_too_old()
    {
        await using var bench = await GateBench.CreateAsync("backup: { by: confirmed, maxAge: 2h }");
        Assert.Equal("gates.backup.unconfirmed", (await bench.StandingAsync(new BackupGate())).Finding.Code);

        await bench.SayAsync("backup", "kim", note: "snapshot 7");
        Assert.Equal("gates.backup.word", (await bench.StandingAsync(new BackupGate())).Finding.Code);

        bench.Time.Advance(TimeSpan.FromHours(3));
        var old = await bench.StandingAsync(new BackupGate());
        Assert.True(old.Refuses);
        Assert.Equal("gates.backup.too-old", old.Finding.Code);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static string Named(string file) => $"backup: {{ by: file, file: {file}, maxAge: 2h }}";

    private string Dump()
    {
        var file = Path.Combine(folder, "theirs.dump");
        File.WriteAllText(file, "PGDMP");
        return file;
    }
}
