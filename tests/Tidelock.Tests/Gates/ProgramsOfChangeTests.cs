namespace Tidelock.Tests.Gates;

public sealed class ProgramsOfChangeTests
{
    [Theory]
    [InlineData("approval: { command: [./own.sh, CHG-123] }", "author: choi")]
    [InlineData("approval: { command: [sh, -e, own.sh] }", "author: choi")]
    [InlineData("approval: required", "notify: { command: [sh, own.sh] }")]
    [InlineData("approval: required", "notify: { command: { run: [./own.sh] } }")]
    [InlineData("staging: { evidence: staging.json, signers: own.sh }", "author: choi")]
    public async Task What_lies_in_the_folder_and_says_yes_tells_people_or_names_signers_is_part_of_what_is_approved(
        string gates,
        string head
    )
    {
        await using var bench = await GateBench.CreateAsync("approval: off");
        await File.WriteAllTextAsync(bench.PathOf("own.sh"), "exit 1\n");
        await File.WriteAllTextAsync(bench.PathOf("CHG-123"), "an argument is no program\n");
        bench.Read(gates, head);
        var (first, files) = (bench.Change.Digest, bench.Change.Files.Select(f => f.Path));
        Assert.Equal(["change.yaml", "new.sql", "own.sh"], files);

        await File.WriteAllTextAsync(bench.PathOf("own.sh"), "exit 0\n");
        bench.Read(gates, head);
        Assert.NotEqual(first, bench.Change.Digest);
    }

    [Fact]
    public async Task A_program_from_elsewhere_and_one_that_is_no_text_are_none_of_the_changes()
    {
        await using var bench = await GateBench.CreateAsync("approval: { command: [ticket, CHG-123] }");
        await File.WriteAllBytesAsync(bench.PathOf("compiled"), [0x7f, (byte)'E', (byte)'L', (byte)'F', 0xff]);
        File.CreateSymbolicLink(bench.PathOf("tell"), "/usr/bin/env");
        bench.Read("approval: { command: [./compiled] }", "notify: { command: [./tell] }");
        Assert.Equal(["change.yaml", "new.sql"], bench.Change.Files.Select(f => f.Path));
        bench.Read("approval: { command: [/usr/bin/env, ticket] }", "notify: { command: [../tell.sh] }");
        Assert.Equal(["change.yaml", "new.sql"], bench.Change.Files.Select(f => f.Path));
    }
}
