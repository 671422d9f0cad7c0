using Tidelock.Gates;

namespace Tidelock.Tests.Gates;

public sealed class BackupGateTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-dump-").FullName;

    [Theory]
    [InlineData("true", "gates.backup.rehearsed-by-run")]
    [InlineData("false", "gates.backup.taken-by-run")]
    public async Task What_the_run_takes_itself_needs_nobodys_word(string rehearse, string code)
    {
        await using var bench = await GateBench.CreateAsync($"backup: {{ rehearse: {rehearse} }}");

        var standing = await bench.StandingAsync(new BackupGate());

        Assert.True(standing.Passed);
        Assert.Equal(code, standing.Finding.Code);
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
        Assert.Equal("gates.confirmed", (await bench.StandingAsync(new BackupGate())).Finding.Code);

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
